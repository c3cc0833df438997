"""Plans of two and three tiers that tests of the diagnosis share."""

from __future__ import annotations

import polars as pl

FOUR = ["a_node", "a_port", "z_node", "z_port"]


def two_tiers(
    servers: int = 64, *, rails: int = 8, group: int = 32, spines: int = 8, mult: int = 4, hca: bool = False
) -> pl.DataFrame:
    """Rail-optimised: NIC r of every server of a group on leaf r of the group, `mult` cables from leaf to spine."""
    rows = []
    swp = "" if hca else "swp"
    for s in range(servers):
        for r in range(rails):
            near = (f"gpu{s:04d} mlx5_{r}", "1") if hca else (f"gpu{s:04d}", f"eth{r}")
            rows.append((*near, f"leaf-{s // group * rails + r:03d}", f"{swp}{s % group + 1}"))
    rows += [
        (f"leaf-{leaf:03d}", f"{swp}{group + s * mult + k + 1}", f"spine-{s:03d}", f"{swp}{leaf * mult + k + 1}")
        for leaf in range(-(-servers // group) * rails)
        for s in range(spines)
        for k in range(mult)
    ]
    return pl.DataFrame(rows, schema=FOUR, orient="row")


def sightings(links: list[tuple[str, str, str, str]], silent: frozenset[str] = frozenset()) -> pl.DataFrame:
    """The links table of devices that each tell of their own end, without what `silent` ones would tell."""
    both = [*links, *((z, q, a, p) for a, p, z, q in links)]
    rows = [r for r in both if r[0] not in silent]
    return pl.DataFrame(rows, schema=["node", "port", "seen_node", "seen_port"], orient="row")
