"""Write docs/reference/campus-file.md from the schema: key, meaning, unit, default. Run by `make docs`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gigasite.campus import json_schema


def rows(schema: dict[str, Any], node: dict[str, Any], base: str, out: list[str]) -> None:
    """Append one table row per key, depth first."""
    for name, field in node.get("properties", {}).items():
        key = f"{base}.{name}" if base else name
        below = (
            field.get("$ref")
            or field.get("items", {}).get("$ref")
            or next((x["$ref"] for x in field.get("anyOf", []) if "$ref" in x), None)
        )
        text = " ".join(str(field.get("description", "")).split()).replace("|", "\\|")
        default = field.get("default", "required" if name in node.get("required", []) else "")
        out.append(f"| `{key}` | {text} | {default} |")
        if below:
            rows(schema, schema["$defs"][below.rsplit("/", 1)[-1]], key, out)


def main() -> None:
    """Write the page."""
    schema = json_schema()
    out = ["# The campus file", "", "Defaults are in SI units.", "", "| key | meaning | default |", "|---|---|---|"]
    rows(schema, schema, "", out)
    place = Path(__file__).parents[1] / "docs" / "reference" / "campus-file.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
