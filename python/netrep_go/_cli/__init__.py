"""The command line ``netrep-go``."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import Any

import numpy as np

from netrep_go._cli._commands import COMMANDS
from netrep_go._cli._parser import Given, blamed, parse

# What users cause: said in a line. Anything else is a fault of ours and shows its traceback.
_OF_USERS = (
    ValueError,
    TypeError,
    OSError,
    ImportError,
    MemoryError,
    RuntimeError,
    np.linalg.LinAlgError,
)

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    That is 0, 1 after an error, 2 for arguments and values that a command does not take, 3 if a
    store was asked for and is not complete, and 130 after an interrupt.
    """
    typed: Given = {"options": ()}
    with warnings.catch_warnings(), _seen():
        warnings.showwarning = _show  # type: ignore[assignment]
        try:
            command, typed = parse(COMMANDS, arguments)
            code = command.run({name: typed[name] for name in typed.keys() - {"options"}})
            _flush()
            return code
        except BrokenPipeError:  # nobody reads on
            _give_up()
            return FAILED
        except KeyboardInterrupt as error:
            _say("interrupted", error)
            return INTERRUPTED
        except _OF_USERS as error:
            said = blamed(str(error), typed)
            _say(f"error: {error if said is None else said}", error)
            return FAILED if said is None else WRONG_USAGE


@contextmanager
def _seen() -> Iterator[None]:
    """Escape what a terminal cannot show, and show no messages where nobody sees them.

    ``print`` would send them among the results.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.stderr is not None:
        yield
        return
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        yield


def _flush() -> None:
    """Have results written now: Python would do so when nothing can be told any more."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _give_up()
        raise


def _give_up() -> None:
    """Let Python not try to write the rest when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str, error: BaseException) -> None:
    print(f"netrep-go: {text}", *getattr(error, "__notes__", ()), sep="\n  ", file=sys.stderr)


def _show(message: Any, *where: Any) -> None:
    """Show a warning without a line of code, which is none of a user's."""
    print(f"netrep-go: warning: {message}", file=sys.stderr)
