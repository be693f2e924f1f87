"""Packages that only some functions need."""

from __future__ import annotations

import importlib
from types import ModuleType


def optional(package: str, extra: str, purpose: str) -> ModuleType:
    """Import a package, or say what needs it and which of our extras installs it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f'{purpose} needs {package}, which is not installed: pip install "netrep-go[{extra}]"'
        ) from error


def pandas() -> ModuleType:
    """Import pandas for a table."""
    return optional("pandas", "plot", "to_frame")
