"""What the loop tells others: a snapshot after every cycle, as JSON and for Prometheus, on loopback only."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from gigasite._core.errors import FieldError
from gigasite.field.battery.health import Hold
from gigasite.field.battery.image import Point
from gigasite.field.battery.states import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gigasite.field.battery.decide import Decision
    from gigasite.field.battery.image import Image
    from gigasite.field.battery.loop import Loop

TIMES_EVERY = 10
MOST_ASKING, ASKING_S = 8, 2.0
"""Questions that are answered at a time, and how long one may take."""
RECENT = 1000
"""Cycles over which the quantiles of times are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One cycle as others see it. Arrays are the loop's own, and never changed after."""

    image: Image
    decision: Decision
    cycles: int
    missed: int
    late_s: tuple[float, ...]
    spent_s: tuple[float, ...]
    log_lost: int
    trouble: str


class Board:
    """Holds the last snapshot; written by the loop, read by the threads that answer."""

    def __init__(self, names: Sequence[str], rating_w: Sequence[float], *, metered: bool) -> None:
        self.names, self.rating_w, self.metered = tuple(names), rating_w, metered
        self.snapshot: Snapshot | None = None

    def post(self, loop: Loop, decision: Decision) -> None:
        """Take the cycle that just ended."""
        image = loop.brain.image
        assert image is not None  # a cycle was taken
        log, before = loop.log, self.snapshot
        late_s, spent_s = (before.late_s, before.spent_s) if before is not None else ((), ())
        if loop.number % TIMES_EVERY == 1:  # copies of a thousand numbers: not in every cycle
            late_s, spent_s = tuple(loop.times.late_s[-RECENT:]), tuple(loop.times.spent_s[-RECENT:])
        self.snapshot = Snapshot(
            image=image,
            decision=decision,
            cycles=loop.number,
            missed=loop.times.missed,
            late_s=late_s,
            spent_s=spent_s,
            log_lost=log.lost if log else 0,
            trouble=log.trouble if log else "",
        )

    def status(self) -> dict[str, Any]:
        """Return the snapshot as plain values; SI units, NaN as null."""
        s = self.snapshot
        if s is None:
            return {"state": State.OFFLINE.value, "cause": "no cycle yet", "units": []}
        d, site, units = s.decision, s.image.site, s.image.units
        return {
            "state": d.state.value,
            "cause": d.cause,
            "note": d.note or s.trouble,
            "time_s": s.image.time_s,
            "cycles": s.cycles,
            "missed": s.missed,
            "late_p99_s": quantile(s.late_s, 0.99),
            "cycle_p99_s": quantile(s.spent_s, 0.99),
            "load_w": number(site.load_w) if self.metered else None,
            "source_w": number(site.source_w) if self.metered else None,
            "frequency_hz": number(site.frequency_hz),
            "granted_w": number(d.granted.power_w),
            "by": d.granted.by,
            "shortfall_w": number(d.shortfall_w),
            "log_lost": s.log_lost,
            "units": [
                {
                    "name": name,
                    "power_w": number(units.of(Point.POWER_W)[i]),
                    "set_w": number(d.set_w[i]),
                    "soc_frac": number(units.of(Point.SOC_FRAC)[i]),
                    "age_s": number(units.age_s[i]),
                    "hold": Hold(int(d.hold[i])).name.lower(),
                    "rating_w": float(self.rating_w[i]),
                }
                for i, name in enumerate(self.names)
            ],
        }

    def collect(self) -> Iterator[Any]:
        """Yield Prometheus' metric families."""
        s = self.snapshot
        if s is None:
            return
        d, units = s.decision, s.image.units
        yield _gauge(
            "state", "1 for the state of the loop", {(t.value,): float(t is d.state) for t in State}, ["state"]
        )
        site = {("granted",): d.granted.power_w, ("shortfall",): d.shortfall_w}
        if self.metered:
            site |= {("load",): s.image.site.load_w, ("source",): s.image.site.source_w}
        yield _gauge("site_power_watts", "Load, source, granted to the battery, and what it cannot give", site, ["of"])
        yield _gauge("frequency_hertz", "As the meter sees it", {(): s.image.site.frequency_hz}, [])
        for name, values, of in (("late", s.late_s, "begun late"), ("cycle", s.spent_s, "taken")):
            table = {(f"{q:g}",): quantile(values, q) for q in (0.5, 0.99, 1.0)}
            yield _gauge(f"{name}_seconds", f"Time {of}, of the last cycles", table, ["quantile"])
        per_unit = (
            ("unit_power_watts", "Discharge positive", units.of(Point.POWER_W)),
            ("unit_set_watts", "Set point", d.set_w),
            ("unit_soc_ratio", "State of charge", units.of(Point.SOC_FRAC)),
            ("unit_age_seconds", "Since its last answer", units.age_s),
        )
        for name, words, column in per_unit:
            yield _gauge(name, words, {(u,): float(v) for u, v in zip(self.names, column, strict=True)}, ["unit"])
        holds = {(u, Hold(int(h)).name.lower()): 1.0 for u, h in zip(self.names, d.hold, strict=True) if h}
        yield _gauge("unit_held", "Units that are not used, by cause", holds, ["unit", "cause"])
        for name, words, value in (
            ("cycles", "Cycles run", s.cycles),
            ("missed_cycles", "Cycles skipped because the one before took too long", s.missed),
            ("log_lost_records", "Records that could not be written", s.log_lost),
        ):
            family = CounterMetricFamily(f"gigasite_battery_{name}", words)
            family.add_metric([], float(value))
            yield family


def _gauge(name: str, words: str, table: Mapping[Any, float], labels: list[str]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"gigasite_battery_{name}", words, labels=labels)
    for key, value in table.items():  # keys are tuples, one text per label
        family.add_metric(list(key), value)
    return family


def quantile(values: Sequence[float], q: float) -> float:
    """Return a quantile; 0 of nothing."""
    return float(np.quantile(values, q)) if len(values) else 0.0


def number(value: float) -> float | None:
    """Return a value for JSON, which has neither NaN nor infinity."""
    return float(value) if np.isfinite(value) else None


class _FewAtATime(ThreadingHTTPServer):
    """Turns away who comes while `MOST_ASKING` are being answered: each costs a thread, in the memory of the loop."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._room = threading.BoundedSemaphore(MOST_ASKING)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be made
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who asked went away."""


class StatusServer:
    """Answers /metrics and /status on loopback, in threads of its own.

    Raises
    ------
    FieldError
        The port is taken.
    """

    def __init__(self, board: Board, port: int) -> None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(board)  # has `collect`: all that it takes

        class Handler(BaseHTTPRequestHandler):
            timeout = ASKING_S

            def do_GET(self) -> None:  # the name that http.server calls
                if self.path == "/metrics":
                    self._answer(generate_latest(registry), "text/plain; version=0.0.4")
                elif self.path == "/status":
                    self._answer(json.dumps(board.status()).encode(), "application/json")
                else:
                    self.send_error(404)

            def _answer(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's names
                """Say nothing: scrapes are no events."""

        try:
            self._server = _FewAtATime(("127.0.0.1", port), Handler)
        except OSError as error:
            raise FieldError(
                f"metrics port {port} on loopback: {error.strerror}; choose another, or 0 for none"
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="battery status", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
