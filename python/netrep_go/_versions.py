"""What runs here: for bug reports."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("netrep-go")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "unknown"


def show_versions() -> None:
    """Print the versions of everything that takes part in a computation.

    Lists Python and the packages, Go, gonum, the CPU with its features, cores
    and caches, which BLAS the Go code runs on and with how many threads.

    Examples
    --------
    >>> import netrep_go
    >>> netrep_go.show_versions()  # doctest: +ELLIPSIS
    netrep_go: ...
    """
    for key, value in versions().items():
        print(f"{key}: {value}")


def versions() -> dict[str, str]:
    """Return them by name."""
    import joblib
    import numpy
    import scipy
    import sklearn

    from netrep_go import _native

    info = {
        "netrep_go": __version__,
        "Python": sys.version.split()[0],
        "platform": platform.platform(),
    }
    for module in (numpy, scipy, sklearn, joblib):
        info[module.__name__] = module.__version__
    return info | _native.info()
