"""The BLAS and LAPACK that SciPy has brought into the process."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

# The arguments of the Fortran routines that the extension calls: c for char *,
# i for int *, x for a pointer to the routine's number type. An ILP64 build or
# another interface has other signatures and is left alone.
_SIGNATURES = {
    "dgemm": "c c i i i x x i x i x x i",
    "sgemm": "c c i i i x x i x i x x i",
    "dsyrk": "c c i i x x i x x i",
    "ssyrk": "c c i i x x i x x i",
    "dgemv": "c i i x x i x i x x i",
    "dtrsm": "c c c c i i x x i x i",
    "dgesvd": "c c i i x i x x i x i x i i",
    "dgesdd": "c i i x i x x i x i x i i i",
    "dsyev": "c c i x i x x i i",
    "dsyevd": "c c i x i x x i i i i",
    "dpotrf": "c i x i i",
    "dgelqf": "i i x i x x i i",
    "dorglq": "i i i x i x x i i",
    "dormlq": "c c i i i x i x x i x i i",
    "dsytrd": "c i x i x x x x i i",
    "dormtr": "c c c i i x i x x i x i i",
    "dsterf": "i x x i",
    "dstedc": "c i x x x i x i i i i",
}

_TYPES = {"char *": "c", "int *": "i"}


def addresses(names: list[str]) -> np.ndarray:
    """Return the addresses of the Fortran routines, 0 where one is missing."""
    from scipy.linalg import cython_blas, cython_lapack

    capsules = cython_blas.__pyx_capi__ | cython_lapack.__pyx_capi__
    found = [_address(capsules.get(name), name) for name in names]
    return np.array(found, dtype=np.int64)


def _address(capsule: Any, name: str) -> int:
    """Return the address in a capsule, whose name is the C signature."""
    if capsule is None:
        return 0
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    signature = api.PyCapsule_GetName(capsule)
    if _letters(signature.decode(), name[0]) != _SIGNATURES.get(name):
        return 0
    return api.PyCapsule_GetPointer(capsule, signature)


def _letters(signature: str, number: str) -> str:
    """Abbreviate a C signature; ``number`` is d or s, the routine's type."""
    inside = re.fullmatch(r"void \((.*)\)", signature)
    if inside is None:
        return ""
    own_type = re.compile(rf"(__pyx_t_\w+_{number}|{_C_NAMES[number]}) \*")
    return " ".join(
        "x" if own_type.fullmatch(kind) else _TYPES.get(kind, "?") for kind in inside[1].split(", ")
    )


_C_NAMES = {"d": "double", "s": "float"}


# Where SciPy's wheels keep the library that they bring along.
_IN_SCIPY = re.compile(r"[/\\]scipy(\.libs)?[/\\]")


# The C functions of thread pools, by threadpoolctl's name of the library: how to
# ask for the number of threads and how to set it, both with plain int arguments.
_THREAD_FUNCTIONS = {
    "openblas": [
        (f"{prefix}openblas_get_num_threads{suffix}", f"{prefix}openblas_set_num_threads{suffix}")
        for prefix in ("", "scipy_")
        for suffix in ("", "64_", "_64")
    ],
    "mkl": [("MKL_Get_Max_Threads", "MKL_Set_Num_Threads")],
}


@cache
def libraries() -> list[Any]:
    """Return threadpoolctl's controllers of the BLAS that SciPy calls."""
    import scipy.linalg  # noqa: F401  loads the library that is looked for

    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [lib for lib in found if _IN_SCIPY.search(lib.filepath)] or found


def thread_functions() -> np.ndarray:
    """Return the addresses of a getter and a setter for each thread pool.

    Inside of a call BLAS runs on one thread, because the parallelism is the
    extension's own. Go sets and restores the number: there no interrupt can come
    in between.
    """
    found = [address for library in libraries() for address in _getter_and_setter(library)]
    return np.array(found, dtype=np.int64)


def _getter_and_setter(library: Any) -> list[int]:
    for names in _THREAD_FUNCTIONS.get(library.internal_api, ()):
        functions: list[Any] = [getattr(library.dynlib, name, None) for name in names]
        if all(functions):
            return [ctypes.cast(function, ctypes.c_void_p).value or 0 for function in functions]
    return []


def description() -> str:
    """Name the BLAS in use, its version, architecture and threads."""
    return "; ".join(
        f"{lib.internal_api} {lib.version} ({getattr(lib, 'architecture', None)}, "
        f"{getattr(lib, 'threading_layer', None)}, {lib.num_threads} threads)"
        for lib in libraries()
    )
