"""The command line: `gigasite VERB FILE`. Human text on a terminal, one JSON object with --json, exit code 0, 1 or 2.

Rooms are imported inside the verbs, so that `gigasite --help` stays light. The chapters' verbs are in `verbs.py`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gigasite._core.errors import GigasiteError, OutputError
from gigasite.show.common import (
    AsJson,
    File,
    Load,
    LoadGpus,
    Observed,
    ObservedPlan,
    Out,
    Weather,
    Workers,
    app,
    emit,
    end,
    read_campus,
)


class _InterruptedError(BaseException):
    """Ctrl-C. Not KeyboardInterrupt: the command-line library turns that into exit code 1, which is a broken limit."""


def _interrupt(_number: int, _frame: object) -> None:
    raise _InterruptedError


def main() -> None:
    """Run the command line; every error of the user is a message and exit code 2, Ctrl-C is 130."""
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app()
    except GigasiteError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except _InterruptedError:
        sys.stderr.write("interrupted; nothing was written\n")
        sys.exit(130)
    except BrokenPipeError:
        # the reader of our output (head, less) has gone: no traceback, and no second one at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    source: Annotated[str, typer.Option("--from", help="Reference campus: memphis, next, lab.")] = "memphis",
) -> None:
    """Start a commented campus file from a reference campus."""
    from gigasite._core.files import write_text
    from gigasite.campus import reference

    text = reference(source).read_text(encoding="utf-8")
    if file.exists():
        raise OutputError(f"{file} exists; choose another name")
    write_text(file, text)
    sys.stdout.write(f"{file} written; next: gigasite check {file}\n")


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Check a campus file: every mistake with file, line, column and remedy."""
    from gigasite._core.errors import CampusFileError

    try:
        campus = read_campus(file)
    except CampusFileError as error:
        if not as_json:
            raise
        problems = [{n: getattr(p, n) for n in p.__slots__} for p in error.problems]
        emit({"file": str(file), "ok": False, "problems": problems})
        raise typer.Exit(2) from error
    if as_json:
        emit({"file": str(file), "ok": True, "campus": campus.name, "problems": []})
    else:
        sys.stdout.write(f"{file}: no mistakes; next: gigasite plan {file} --out out\n")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a campus file, for editors."""
    from gigasite.campus import json_schema

    emit(json_schema())


@app.command()
def plan(
    file: File,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for report.html, plan.json and tables.")] = None,
    weather: Weather = None,
    load: Load = None,
    load_gpus: LoadGpus = None,
    observed: Observed = None,
    observed_plan: ObservedPlan = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Tell the whole story: first-step day, what holds it up, power, cooling, cables, cost."""
    from gigasite.plan import Inputs

    inputs = Inputs(
        weather=weather,
        load=load,
        load_gpus=load_gpus,
        observed=observed,
        observed_plan=observed_plan,
    )
    _plan(file, inputs, out, workers, as_json=as_json)


def _plan(file: Path, inputs: Any, out: Path | None, workers: int, *, as_json: bool) -> None:
    from gigasite.plan import plan as make
    from gigasite.show import terminal
    from gigasite.show.export import export
    from gigasite.show.result import plan_json

    bar = terminal.Bar()
    try:
        # the report alone shows the sizing
        made = make(read_campus(file), inputs, workers=workers, progress=bar, sizing=out is not None)
        result = export(made, out) if out is not None else plan_json(made)
    finally:
        bar.close()
    if as_json:
        emit(result)
    else:
        sys.stdout.write(terminal.answer(result, out) + "\n")
        terminal.findings(terminal.err(), made.findings)
    end(made.findings)


@app.command()
def demo(out: Out = Path("demo"), as_json: AsJson = False) -> None:
    """Run the reference campus (100,000 H100) with a real lldpd capture; the report is in --out."""
    from gigasite.campus import reference
    from gigasite.plan import Inputs

    capture = Path(__file__).parents[1] / "cabling" / "demo"
    try:
        _plan(reference("memphis"), Inputs(observed=capture), out, 1, as_json=as_json)
    except typer.Exit as end:
        # the reference campus breaks limits on purpose (its controller is too fast for its intake): a demo is no check
        if end.exit_code == 1:
            raise typer.Exit(0) from end
        raise


@app.command()
def explain(
    file: File,
    key: Annotated[str, typer.Argument(help="Key of the file, catalogue.KIND.NAME.FIELD, or of plan.json.")],
    as_json: AsJson = False,
) -> None:
    """Say where a number comes from."""
    from gigasite.show.explain import Answer
    from gigasite.show.explain import explain as look

    def lines(a: Answer, indent: int) -> list[str]:
        own = f"{'  ' * indent}{a.key} = {a.value[:120]}  <- {a.where}"
        return [own, *[line for b in a.inputs for line in lines(b, indent + 1)]]

    def plain(a: Answer) -> dict[str, Any]:
        return {
            "key": a.key,
            "value": a.value,
            "where": a.where,
            "inputs": [plain(b) for b in a.inputs],
        }

    found = look(read_campus(file), key)
    if as_json:
        emit(plain(found))
    else:
        sys.stdout.write("\n".join(lines(found, 0)) + "\n")


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder that `gigasite plan --out` wrote.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8640,
) -> None:
    """Show a plan's report and files on http://127.0.0.1:PORT (this machine only)."""
    from gigasite.show.serve import run

    run(folder, port)


from gigasite.show import (  # noqa: E402  # registers the chapters, after the main verbs in --help
    battery,
    battery_loop,
    cables,
    cables_diagnose,
    cables_measure,
    cables_watch,
    cooling,
    fabric,
    power,
    schedule,
    schedule_progress,
    verbs,
)

__all__ = [
    "app",
    "battery",
    "battery_loop",
    "cables",
    "cables_diagnose",
    "cables_measure",
    "cables_watch",
    "cooling",
    "fabric",
    "main",
    "power",
    "schedule",
    "schedule_progress",
    "verbs",
]

if __name__ == "__main__":
    main()
