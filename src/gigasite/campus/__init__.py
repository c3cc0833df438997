"""The campus file and the catalogue of parts become one frozen `Campus`.

In: a YAML file in which every quantity carries its unit, and the catalogue that ships with the package. Out:
a `Campus` in SI, or all mistakes at once with file, line, column and remedy. The only room that knows
pydantic and YAML. Open `schema.py` for what a campus is, `parts.py` for the kinds of parts, `load.py` for the
way in.
"""

from gigasite.campus.load import json_schema, load, loads, reference
from gigasite.campus.schema import Campus

__all__ = ["Campus", "json_schema", "load", "loads", "reference"]
