"""The command line in this process: the same words, texts and exit codes, two seconds of imports a call less."""

from __future__ import annotations

import io
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from unittest.mock import patch

from gigasite.show.cli import main


def gigasite(*args: object) -> CompletedProcess[str]:
    """Run `gigasite ARGS`; an exception that is no message of the command line fails the test itself."""
    words = [str(a) for a in args]
    out, err, before = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGINT)
    code: object = 0
    try:
        with patch.object(sys, "argv", ["gigasite", *words]), redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as left:
        code = left.code or 0
    finally:
        signal.signal(signal.SIGINT, before)  # the command line takes it for itself
    assert isinstance(code, int)
    return CompletedProcess(words, code, out.getvalue(), err.getvalue())
