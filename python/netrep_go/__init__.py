"""Compare neural representations: shape metrics, capacity, geometry, RSA."""

from __future__ import annotations

import importlib
from typing import Any

from netrep_go._versions import __version__, show_versions

_MODULES = (
    "capacity",
    "conformance",
    "conv_layers",
    "covariates",
    "datasets",
    "embedding",
    "encoding",
    "extract",
    "inference",
    "kmeans",
    "metrics",
    "mftma",
    "multiset",
    "plotting",
    "rbf_sampler",
    "report",
    "rsa",
    "utils",
    "validation",
)

__all__ = ["__version__", "show_versions", *_MODULES]


def __getattr__(name: str) -> Any:
    """Import submodules on first use, so that importing the package is cheap."""
    if name in _MODULES:
        return importlib.import_module(f"netrep_go.{name}")
    raise AttributeError(f"module 'netrep_go' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
