"""Speed and quality of the diagnosis, recorded, never judged here: `make bench` prints it beside its budgets."""

from __future__ import annotations

import resource
import time
from collections import Counter

import polars as pl
import pytest

from gigasite.cabling.diagnose import diagnose_bound
from gigasite.cabling.inject import inject
from gigasite.cabling.match import bind
from gigasite.cabling.orders import orders

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

GROUP, RAILS, HALF = 32, 8, 32


def three_tiers(servers: int) -> pl.DataFrame:
    """A rail-optimised fabric of three tiers with 64-port switches, three cables a GPU."""
    leaves = servers // GROUP * RAILS
    at = pl.DataFrame({"n": range(servers * RAILS)}).with_columns(s=pl.col("n") // RAILS, r=pl.col("n") % RAILS)
    up = pl.DataFrame({"n": range(leaves * HALF)}).with_columns(l=pl.col("n") // HALF, u=pl.col("n") % HALF)

    def tag(name: str, number: pl.Expr) -> pl.Expr:
        return pl.lit(f"{name}-") + number.cast(pl.String).str.zfill(6)

    pod = pl.col("l") // HALF
    spine = pl.format("spine-{}-{}", pod, pl.col("u"))
    return pl.concat(
        [
            at.select(
                a_node=tag("gpu", pl.col("s")),
                a_port=pl.format("eth{}", "r"),
                z_node=tag("leaf", pl.col("s") // GROUP * RAILS + pl.col("r")),
                z_port=pl.format("swp{}", pl.col("s") % GROUP + 1),
            ),
            up.select(
                a_node=tag("leaf", pl.col("l")),
                a_port=pl.format("swp{}", pl.col("u") + HALF + 1),
                z_node=spine,
                z_port=pl.format("swp{}", pl.col("l") % HALF + 1),
            ),
            up.select(
                a_node=pl.format("spine-{}-{}", pod, pl.col("l") % HALF),
                a_port=pl.format("swp{}", pl.col("u") + HALF + 1),
                z_node=pl.format("core-{}-{}-{}", pl.col("l") % HALF, pl.col("u"), pod // (2 * HALF)),
                z_port=pl.format("swp{}", pod % (2 * HALF) + 1),
            ),
        ]
    )


@pytest.mark.parametrize("servers", [12_512, 166_656], ids=["100k-gpus", "4m-cables"])
def test_one_percent_of_all_classes(servers: int) -> None:
    ends = three_tiers(servers)
    drill = inject(ends, rate_frac=0.01, seed=1)
    begin = time.process_time()
    bound = bind(ends, drill.observed)
    middle = time.process_time()
    d = diagnose_bound(bound, drill.observed)
    end = time.process_time()
    planted, rows = drill.lab.case.bound.ports.rows(), bound.ports.rows()
    truth = Counter((p.kind, frozenset(planted[i][:2] for i in p.ports)) for p in drill.lab.planted)
    found = Counter((c.kind, frozenset(rows[i][:2] for i in c.ports)) for c in d.causes)
    hit = (truth & found).total()
    print(
        f"\n{ends.height:,} cables, {truth.total():,} faults of {len({k for k, _ in truth})} classes: bind {middle - begin:.1f} s, "
        f"diagnosis {end - middle:.2f} s CPU (budget 5 s at 4M), peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB; "
        f"precision {hit / found.total():.4f}, recall {hit / truth.total():.4f} (budget 0.99); {len(d.repair.moves):,} moves, "
        f"bound {d.repair.lower_bound:,}; {len(orders(d)):,} orders for {d.differing:,} ports that differ"
    )
