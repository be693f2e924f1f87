"""The command line ``netrep-go``."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
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
    with warnings.catch_warnings():
        warnings.showwarning = _show  # type: ignore[assignment]
        try:
            command, typed = parse(COMMANDS, arguments)
            return command.run({name: typed[name] for name in typed.keys() - {"options"}})
        except BrokenPipeError:  # nobody reads on; nor must Python try to when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        except KeyboardInterrupt as error:
            _say("interrupted", error)
            return INTERRUPTED
        except _OF_USERS as error:
            said = blamed(str(error), typed)
            _say(f"error: {error if said is None else said}", error)
            return FAILED if said is None else WRONG_USAGE


def _say(text: str, error: BaseException) -> None:
    print(f"netrep-go: {text}", *getattr(error, "__notes__", ()), sep="\n  ", file=sys.stderr)


def _show(message: Any, *where: Any) -> None:
    """Show a warning without a line of code, which is none of a user's."""
    print(f"netrep-go: warning: {message}", file=sys.stderr)
