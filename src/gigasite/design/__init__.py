"""The campus as things: halls, racks, devices, links, power chain, cooling plant, bill of materials.

In: a `Campus`. Out: a `Design` whose tables are keyed by integer ids, with findings where the campus does not
fit its site. Open `build.py` for the order of things, `fabrics/` to add a kind of fabric, `layout.py` for where
racks stand.
"""

from gigasite.design.build import design
from gigasite.design.fabric import FabricAsk
from gigasite.design.types import Design

__all__ = ["Design", "FabricAsk", "design"]
