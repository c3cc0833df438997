"""What a policy is: a rule that bounds the controller, or speaks before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.field.battery.request import Request
    from gigasite.power.controller import Seen


class Policy(Protocol):
    """A frozen setting that looks at the site and asks; one that looks at the load says so by `needs_load`."""

    def requests(self, seen: Seen, /) -> Sequence[Request]:
        """Return what it asks for now; nothing when it has nothing to say."""
        ...


policies: Registry[type[Any]] = Registry("gigasite.field.battery.policies", "policy")
