"""Slurm topology: which nodes hang together below which switches, as topology.conf and topology.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite.cabling.export import exports
from gigasite.design.types import FABRICS, PORT_BITS

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("slurm")
class Slurm:
    """A tree, as `topology/tree` wants it.

    In a rail-optimised fabric a server hangs below as many leaves as it has rails, and in any Clos a leaf below many
    spines. Each is given the first of them for its group's name: servers that share their leaves form one group, groups
    that share their spines one pod, and so on up to one root.
    """

    title = "topology.conf and topology.yaml for Slurm's tree topology (GPU fabric)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write topology.conf and topology.yaml.

        Raises
        ------
        InfeasibleError
            No cable of the GPU fabric is among the chosen ones.
        """
        levels = _levels(book)
        conf = ["# SwitchName of a group is its first switch; made from the cable plan"]
        entries = []
        for key, table in levels:
            word = "Nodes" if key == "nodes" else "Switches"
            conf += [f"SwitchName={s} {word}={m}" for s, m in table.iter_rows()]
            entries += [
                f"    - switch: {s}\n      {'nodes' if key == 'nodes' else 'children'}: {m}"
                for s, m in table.iter_rows()
            ]
        (folder / "topology.conf").write_text("\n".join(conf) + "\n", encoding="utf-8")
        text = "---\n- topology: gpu-fabric\n  cluster_default: true\n  tree:\n    switches:\n" + "\n".join(entries)
        (folder / "topology.yaml").write_text(text + "\n", encoding="utf-8")


def _levels(book: Book) -> list[tuple[str, pl.DataFrame]]:
    """Return (nodes or switches, table of switch and member list) of each level, leaves first."""
    rows = book.rows.filter(pl.col("fabric") == FABRICS.index("gpu"))
    if rows.is_empty():
        raise InfeasibleError("Slurm's topology is that of the GPU fabric, of which no cable is chosen")
    a, z = (rows[e].to_numpy() >> PORT_BITS for e in ("a_port", "z_port"))
    first = np.full(book.devices.height, np.iinfo(np.int64).max)
    np.minimum.at(first, a, z)  # the first switch above every device
    names = book.devices["node"]
    members, key, out = np.unique(a[rows["tier"].to_numpy() == 0]), "nodes", []
    while True:
        above = first[members]
        table = pl.DataFrame({"above": above, "member": names.gather(members)})
        lists = table.group_by("above", maintain_order=True).agg("member").sort("above")
        out.append(
            (key, lists.select(names.gather(lists["above"]).alias("switch"), _ranges(lists["member"]).alias("m")))
        )
        members, key = np.unique(above), "switches"
        if len(members) == 1:
            return out
        if (first[members] == np.iinfo(np.int64).max).any():  # several tops without a switch above: join them in name
            top = pl.Series([names.gather(members).to_list()])
            return [*out, ("switches", pl.DataFrame({"switch": ["fabric"], "m": _ranges(top)}))]


def _ranges(lists: pl.Series) -> pl.Series:
    """Return host lists: runs of numbered names as `srv-[00000-00063,00070]`.

    >>> _ranges(pl.Series([["srv-00", "srv-01", "srv-03"]])).to_list()
    ['srv-[00-01,03]']
    """
    flat = pl.DataFrame({"i": np.arange(len(lists)), "name": lists}).explode("name")
    flat = flat.with_columns(
        stem=pl.col("name").str.extract(r"^(.*?)(\d*)$", 1), digits=pl.col("name").str.extract(r"^(.*?)(\d*)$", 2)
    ).with_columns(number=pl.col("digits").cast(pl.Int64, strict=False))
    new = (
        (pl.col("number").diff() != 1)
        | (pl.col("stem") != pl.col("stem").shift())
        | (pl.col("i") != pl.col("i").shift())
    )
    runs = flat.with_columns(run=new.fill_null(value=True).cum_sum()).group_by("i", "stem", "run", maintain_order=True)
    span = runs.agg(lo=pl.col("digits").first(), hi=pl.col("digits").last())
    span = span.with_columns(
        span=pl.when(pl.col("lo") == pl.col("hi")).then("lo").otherwise(pl.format("{}-{}", "lo", "hi"))
    )
    stems = span.group_by("i", "stem", maintain_order=True).agg(pl.col("span").str.join(","))
    text = stems.select("i", text=pl.format("{}[{}]", "stem", "span"))
    return text.group_by("i", maintain_order=True).agg(pl.col("text").str.join(","))["text"]
