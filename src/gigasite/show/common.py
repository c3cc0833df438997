"""What the verbs share: the application, options, reading, printing, exit codes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from gigasite._core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite._core.finding import Finding
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

app = typer.Typer(
    help="From an empty factory to the first training step: one campus file in, the whole build out.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="Campus file (YAML).", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for report.html, plan.json and tables.")]
Weather = Annotated[Path | None, typer.Option(help="EPW or TMY3 file in place of the campus's weather.")]
Load = Annotated[
    Path | None,
    typer.Option(help="Measured power trace (CSV, nvidia-smi log) in place of the job."),
]
LoadGpus = Annotated[int | None, typer.Option(min=1, help="GPUs that the trace was measured on.")]
Observed = Annotated[Path | None, typer.Option(help="Dump or folder of dumps of what is really cabled.")]
ObservedPlan = Annotated[Path | None, typer.Option(help="Cable plan (CSV) that the dumps belong to.")]
Workers = Annotated[
    int,
    typer.Option(min=1, max=256, help="Processes for the schedule's samples; same result for any."),
]


def file_first(verb: str) -> type[typer.core.TyperGroup]:
    """Make the class of a chapter whose first word may be a file: `gigasite power FILE` is `... power VERB FILE`."""

    class FileFirst(typer.core.TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            """Send what is no verb to the first one."""
            if args and args[0] not in self.commands:
                args = [verb, *args]
            return super().resolve_command(ctx, args)

    return FileFirst


def emit(value: Any) -> None:
    """Print one JSON object on stdout."""
    from gigasite.show.result import dumps  # rooms are imported inside verbs

    sys.stdout.write(dumps(value) + "\n")


def end(found: Sequence[Finding]) -> None:
    """Leave with 1 if a limit is broken."""
    if any(f.severity == Severity.error for f in found):
        raise typer.Exit(1)


def read_campus(file: Path, changes: Sequence[str] = ()) -> Campus:
    """Read a campus file, with `KEY=VALUE` changes, with every name checked."""
    from gigasite.plan.names import load

    return load(file, changes)


def designed(file: Path, changes: Sequence[str] = ()) -> tuple[Campus, Design]:
    """Read and design."""
    from gigasite.design import design

    campus = read_campus(file, changes)
    return campus, design(campus)


def show(title: str, rows: Sequence[tuple[str, object]], found: Sequence[Finding]) -> None:
    """Print a chapter: name and value, then findings."""
    from rich.console import Console

    from gigasite.show import terminal

    console = Console(highlight=False, soft_wrap=True)
    console.print(terminal.table(title, ("", ""), [(k, text(v)) for k, v in rows]))
    terminal.findings(console, found)


def text(value: object) -> str:
    """Print a value with digits that matter."""
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
