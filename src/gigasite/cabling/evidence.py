"""What ports say besides who their neighbour is: gathered port by port, judged against links of the same kind.

A link is judged against the majority of its tier (links between the same two kinds of device), never against a
constant alone: a simulator that prints SDR everywhere is no fabric of slow links. The classes in `faults/` that work on
evidence share what stands here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import numpy as np
import polars as pl

from gigasite.cabling.port_names import port_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

P = ParamSpec("P")
R = TypeVar("R")


def once(work: Callable[Concatenate[Look, P], R]) -> Callable[Concatenate[Look, P], R]:
    """Keep what is worked out of a look, by the function and what else it was given: classes of faults share it."""
    name = f"{work.__module__}.{getattr(work, '__qualname__', '')}"

    @wraps(work)
    def kept(seen: Look, /, *args: P.args, **more: P.kwargs) -> R:
        key = f"{name}{args}{more}"
        if key not in seen.case.memo:
            seen.case.memo[key] = work(seen, *args, **more)
        found: R = seen.case.memo[key]
        return found

    return kept


LANE_GBIT_PER_S = {
    "sdr": 2.5, "ddr": 5.0, "qdr": 10.0, "fdr10": 10.3125, "fdr": 14.0625, "edr": 25.78125, "hdr": 53.125,
    "ndr": 106.25, "xdr": 212.5,
}  # fmt: skip
"""Rate of one lane by its name; InfiniBand Architecture Specification, volume 1, link speeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When evidence counts. All are estimates (`docs/models/measurements.md`) except where a source is named.

    Parameters
    ----------
    majority_frac
        Share of a tier's ports that must run alike before the others are judged by them.
    least_ports
        Ports of a tier, or of a device, below which nothing is judged by majority.
    mix_frac
        Share of a tier below its majority from which on it is a mix by design, not many faults.
    whole_frac
        Share of a device's ports that makes a fault the device's.
    raw_ber
        Bit error ratio before correction of a dirty or half seated plug. KP4 correction ends at 2.4e-4
        (IEEE 802.3, clause 119 with 124.1.1); two decades before that cleaning is due.
    effective_ber
        After correction: 1.5e-254 is how the tools of the field print none.
    over_median
        How many times the tier's median a bit error ratio must be.
    low_light_db
        How far the light of a port lies below its tier's median, or that of one lane below the other lanes'.
    dark_dbm
        Below this there is no light; most modules print -40 for none.
    hot_degc
        Module temperature; commercial modules are specified for cases up to 70 degC.
    over_tier_k
        How much hotter than the tier's median.
    flaps
        Times that a link went down, above the tier's median.
    flap_spread
        Roots of the tier's median by which a count must exceed it.
    burst_ports
        Ports of one device, or of one line card, that change together.
    burst_s
        How close in time.
    spread
        Deviations (1.4826 times the median absolute deviation) within which a tier's own scatter is no fault.
    """

    majority_frac: float = 0.5
    least_ports: int = 3
    mix_frac: float = 0.2
    whole_frac: float = 0.9
    raw_ber: float = 1e-5
    effective_ber: float = 1.5e-254
    over_median: float = 100.0
    low_light_db: float = 3.0
    dark_dbm: float = -30.0
    hot_degc: float = 80.0
    over_tier_k: float = 15.0
    flaps: float = 5.0
    flap_spread: float = 8.0
    burst_ports: int = 4
    burst_s: float = 2.0
    spread: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Where the evidence of each port stands.

    Parameters
    ----------
    row
        Row of `Observed.sightings` that tells of the port itself, -1 for none (n,).
    far
        The port's neighbour as seen, else as planned, -1 for none (n,).
    lit
        The port sees its neighbour, or is seen by it where its own device is silent (n,).
    """

    case: Case
    row: Ints
    far: Ints
    lit: Bools

    @once
    def number(self, column: str) -> Floats | None:
        """Return a column of numbers by port, NaN for none (n,); None where nobody tells any."""
        values = self.case.observed.sightings[column]
        if not bool(values.is_not_nan().any()):
            return None
        out: Floats = values.to_numpy()[self.row]
        return np.where(self.row >= 0, out, np.nan)

    @once
    def said(self, column: str) -> Bools | None:
        """Say which ports have text in a column (n,); None where none has."""
        filled = (self.case.observed.sightings[column] != "").to_numpy()
        return filled[self.row] & (self.row >= 0) if filled.any() else None

    @once
    def measured(self, column: str) -> Floats | None:
        """Return a width [lanes] or speed [bit/s] by port, NaN where there is none or it cannot be read (n,)."""
        texts = self.case.observed.sightings[column]
        if not bool((texts != "").any()):
            return None
        kinds = texts.unique().sort()
        read = lanes if column == "width" else speed_bit_per_s
        value = np.array([read(t) for t in kinds.to_list()], np.float64)
        code = texts.cast(pl.Enum(kinds)).to_physical().to_numpy()
        return np.where(self.row >= 0, value[code[self.row]], np.nan)

    def text(self, column: str, port: int) -> str:
        """Return what a port says in a column, as printed."""
        row = int(self.row[port])
        return str(self.case.observed.sightings[column][row]) if row >= 0 else ""

    def pair(self, port: int) -> tuple[int, ...]:
        """Return both ends of a port's link, or the port alone."""
        far = int(self.far[port])
        return (port,) if far < 0 else (min(port, far), max(port, far))

    def links(self, flag: Bools) -> Ints:
        """Return flagged ports, one end of each link: the flagged one, of two the lower."""
        at = np.flatnonzero(flag)
        far = self.far[at]
        keep = (far < 0) | ~flag[np.maximum(far, 0)] | (at < far)
        return at[keep]


def lanes(text: str) -> float:
    """Return the number of lanes of `4x`; NaN where there is none.

    >>> lanes("4x"), lanes("X8"), lanes("2")
    (4.0, 8.0, 2.0)
    """
    found = re.search(r"\d+", text)
    return float(found.group()) if found else float("nan")


def speed_bit_per_s(text: str) -> float:
    """Return a speed as tools print it [bit/s]; NaN where it cannot be read.

    Names of InfiniBand speeds are those of one lane. A bare number is Mb/s, as ethtool and SONiC count, from a million
    on bit/s.

    >>> [speed_bit_per_s(t) / 1e9 for t in ("EDR", "25.78125 Gbps", "100G", "100000Mb/s", "400000", "1e11")]
    [25.78125, 25.78125, 100.0, 100.0, 400.0, 100.0]
    """
    word = text.strip().lower()
    if word in LANE_GBIT_PER_S:
        return LANE_GBIT_PER_S[word] * 1e9
    found = re.match(r"(?:ib-|infiniband-)?(\d+(?:\.\d+)?(?:e\d+)?)\s*([kmgt]?)", word)
    if found is None:
        named = next((v for k, v in LANE_GBIT_PER_S.items() if re.search(rf"\b{k}\b", word)), float("nan"))
        return named * 1e9
    value, unit = float(found.group(1)), found.group(2)
    if unit:
        return value * {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}[unit]
    return value if value >= 1e6 else value * 1e6


def look(case: Case) -> Look:
    """Return where the evidence of each port stands; the same for each class of faults that asks."""
    if "look" not in case.memo:
        case.memo["look"] = _looked(case)
    found: Look = case.memo["look"]
    return found


def _looked(case: Case) -> Look:
    bound = case.bound
    seen = bound.seen_peer
    row = np.where(bound.reporting, bound.sight, -1)
    port, alone = _alone(case)
    free = row[port] < 0
    row[port[free]] = alone[free]
    return Look(case=case, row=row, far=np.where(seen >= 0, seen, case.plan), lit=seen >= 0)


def _alone(case: Case) -> tuple[Ints, Ints]:
    """Return ports that are told of without neighbour (optics, counters), and the rows that tell."""
    s = case.observed.sightings
    dark = (s["seen_node"] == "").to_numpy()
    if not dark.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    rows = np.flatnonzero(dark)
    told = s.select("node", "port")[rows].with_columns(row=rows)
    names = _names(case, told["node"].unique())
    keys = told["port"].unique()
    told = told.join(names, on="node", how="inner").join(_keyed(keys), on="port", how="left")
    here = np.flatnonzero(np.isin(case.node, told["device"].unique().to_numpy()))
    mine = case.bound.ports.select("port")[here].with_columns(index=here, device=case.node[here])
    mine = mine.join(_keyed(mine["port"].unique()), on="port", how="left")
    hit = told.join(mine, on=["device", "key"], how="inner").unique("index", keep="first").sort("index")
    return hit["index"].to_numpy(), hit["row"].to_numpy()


def _keyed(ports: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"port": ports, "key": pl.Series([port_key(p) for p in ports.to_list()], dtype=pl.String)})


def _names(case: Case, texts: pl.Series) -> pl.DataFrame:
    """Return (node, device): as its sightings with neighbours were bound, else by its name."""
    bound = case.bound
    known = np.flatnonzero(bound.reporting & (bound.sight >= 0))
    spelled = case.observed.sightings["node"].gather(bound.sight[known])
    by_row = pl.DataFrame({"node": spelled, "device": case.node[known]})
    by_row = by_row.filter(pl.col("node").is_in(texts.implode())).unique("node", keep="first")
    by_name = pl.DataFrame({"node": list(bound.nodes), "device": np.arange(len(bound.nodes))})
    rest = by_name.filter(pl.col("node").is_in(texts.implode())).join(by_row, on="node", how="anti")
    low = by_name.with_columns(low=pl.col("node").str.to_lowercase().str.split(".").list.first())
    open_ = pl.DataFrame({"node": texts}).join(pl.concat([by_row, rest]), on="node", how="anti")
    open_ = open_.with_columns(low=pl.col("node").str.to_lowercase().str.split(".").list.first())
    loose = open_.join(low.select("low", "device").unique("low", keep="none"), on="low", how="inner")
    return pl.concat([by_row, rest, loose.select("node", "device")])


def kinds(case: Case) -> Ints:
    """Return the kind of each device as a number (m,)."""
    if "kinds" not in case.memo:
        case.memo["kinds"] = _kinds(case)
    found: Ints = case.memo["kinds"]
    return found


def _kinds(case: Case) -> Ints:
    """Return the kind of each device as a number: by its name without digits, by its degree where its name is alone.

    Two devices called `leaf-003` and `leaf-117` are of one kind; so are all that are known by a GUID alone.
    """
    names = pl.Series(case.bound.nodes, dtype=pl.String).to_frame("name")
    low = pl.col("name").str.to_lowercase()
    bare = low.str.contains(r"^(0x)?[0-9a-f]{12,16}$")
    plain = pl.when(bare).then(pl.lit("")).otherwise(low.str.replace_all(r"\d+", "#"))
    degree = np.bincount(case.node, minlength=len(case.host))
    table = names.select(kind=plain).with_columns(size=np.frexp(degree)[1])
    lone = (pl.col("kind") == "") | (pl.len().over("kind") == 1)
    table = table.with_columns(kind=pl.when(lone).then(pl.format("of {}", "size")).otherwise("kind"))
    ranked: Ints = table["kind"].rank("dense").to_numpy().astype(np.int64)
    return ranked - 1


@once
def tiers(seen: Look) -> Ints:
    """Return the tier of each port, from 0: its device's kind and that of its neighbour; -1 without neighbour (n,)."""
    kind = kinds(seen.case)
    many = int(kind.max(initial=0)) + 1
    own, far = kind[seen.case.node], kind[seen.case.node[np.maximum(seen.far, 0)]]
    pair = np.where(seen.far >= 0, own * many + far, many * many)
    # few pairs are there: a table, because sorting millions of ports for it costs more than all the rest
    used = pl.Series(pair).unique().sort().to_numpy()
    number = np.full(many * many + 1, -1, np.int64) if many < 4096 else None
    if number is None:
        found: Ints = np.searchsorted(used, pair)
    else:
        number[used] = np.arange(len(used))
        found = number[pair]
    return np.where(seen.far >= 0, found, -1)


def below_majority(value: Floats, tier: Ints, limits: Thresholds) -> tuple[Bools, Floats, Floats]:
    """Return which ports lie below what most of their tier have (n,), that value and how large the majority is.

    The last two by tier, from tier -1 on; the value is NaN where there is no majority.
    """
    levels = pl.Series(value).drop_nans().unique().sort().to_numpy()
    n = len(levels) + 1  # the last is of ports that tell nothing
    groups = int(tier.max(initial=-1)) + 2
    code = np.searchsorted(levels, value)  # NaN sorts behind all
    at = (tier + 1) * n + code
    count = np.bincount(at, minlength=groups * n).reshape(groups, n)[:, :-1]
    count[0] = 0
    if not count.any():
        return np.zeros(len(value), bool), np.full(groups, np.nan), np.zeros(groups)
    total, best = count.sum(axis=1), count.argmax(axis=1)
    share = count.max(axis=1) / np.maximum(total, 1)
    good = (share > limits.majority_frac) & (count.max(axis=1) >= limits.least_ports)
    # one table for all ports: looking it up is all that is done for each
    under = good[:, None] & (np.arange(n)[None, :] < best[:, None])
    return under.ravel()[at], np.where(good, levels[best], np.nan), share


def middle(value: Floats, tier: Ints) -> Floats:
    """Return the median of each port's tier, NaN where nobody of it tells anything (n,)."""
    told = np.flatnonzero(~np.isnan(value))  # often few
    medians = pl.DataFrame({"v": value[told], "t": tier[told]}).group_by("t").agg(pl.col("v").median())
    by_tier = np.full(int(tier.max(initial=-1)) + 2, np.nan)
    by_tier[medians["t"].to_numpy() + 1] = medians["v"].fill_null(np.nan).to_numpy()
    out: Floats = by_tier[tier + 1]
    return out


def scatter(value: Floats, tier: Ints) -> Floats:
    """Return 1.4826 times the median absolute deviation of each port's tier (n,): one deviation of normal scatter."""
    return 1.4826 * middle(np.abs(value - middle(value, tier)), tier)
