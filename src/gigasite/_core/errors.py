"""The error family: what cannot go on. Everything else is a `Finding`."""

from __future__ import annotations

from dataclasses import dataclass


class GigasiteError(Exception):
    """Base of all errors that the command line prints as a message with exit code 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in an input file.

    Parameters
    ----------
    file, line, column
        Where; line and column count from 1, 0 when the whole file, or the whole line, is meant.
    key
        Dotted path of the entry (`power.grid[1].capacity`), "" when the file cannot be read.
    message
        What was found and what would be right.
    text
        The line of the file, for the caret; "" when there is none.
    """

    file: str
    line: int
    column: int
    key: str
    message: str
    text: str = ""

    def __str__(self) -> str:
        """Print `file:line:column: key: message`, the line and a caret below the place."""
        at = [str(n) for n in (self.line, self.column) if self.line and n]
        where = ":".join([self.file, *at])
        head = f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"
        if not self.text:
            return head
        return f"{head}\n    {self.text}\n    {' ' * max(self.column - 1, 0)}^"


class CampusFileError(GigasiteError):
    """The campus file cannot become a campus; `problems` holds every mistake found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line, p.column, p.key))
        super().__init__("\n".join(str(p) for p in self.problems))


class InputFileError(GigasiteError):
    """A data file (trace, weather, capture, catalogue) cannot be read.

    Parameters
    ----------
    file, line
        Where; line counts from 1, 0 when the whole file is meant.
    """

    def __init__(self, file: str, line: int, message: str) -> None:
        self.file, self.line = file, line
        super().__init__(f"{file}:{line}: {message}" if line else f"{file}: {message}")


class QuantityError(GigasiteError):
    """A text is not a quantity of the wanted kind."""


class UnknownPartError(GigasiteError):
    """No part of this name is registered or in the catalogue; the message names the nearest."""


class InfeasibleError(GigasiteError):
    """No solution exists; the message names the constraint that binds."""


class SolverError(GigasiteError):
    """A solver stopped without an answer; the message says where and why."""


class OutputError(GigasiteError):
    """A result cannot be written; the message names the path and the reason."""


class FieldError(GigasiteError):
    """A live device did not do what was asked; the message names device and register.

    Parameters
    ----------
    device, address
        Which device, and first register; "" and None where neither is meant.
    kind
        What went wrong, for programs: `timeout`, `refused`, `reset`, `exception`, `protocol`, `closed`, `mismatch`;
        "" where no transaction is meant.
    code
        Of a Modbus exception.
    """

    def __init__(
        self, message: str, *, device: str = "", address: int | None = None, kind: str = "", code: int | None = None
    ) -> None:
        self.device, self.address, self.kind, self.code = device, address, kind, code
        super().__init__(message)
