"""BLAS and LAPACK called without anything around them: the floor of a benchmark.

The Fortran routines that SciPy brings are called by ctypes, which releases the
GIL, from as many threads as there are cores, each with BLAS on one thread.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from scipy.linalg import cython_blas, cython_lapack
from threadpoolctl import threadpool_limits

_CAPSULES = cython_blas.__pyx_capi__ | cython_lapack.__pyx_capi__


def _routine(name: str) -> Callable[..., None]:
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    capsule = _CAPSULES[name]
    address = api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))
    function = ctypes.CFUNCTYPE(None)(address)
    return lambda *arguments: function(*map(_pointer, arguments))


def _pointer(argument: object) -> object:
    if isinstance(argument, np.ndarray):
        return ctypes.c_void_p(argument.ctypes.data)
    if isinstance(argument, str):
        return ctypes.c_char_p(argument.encode())
    if isinstance(argument, int):
        return ctypes.byref(ctypes.c_int(argument))
    return ctypes.byref(ctypes.c_double(argument))


dgemm, dsyrk = _routine("dgemm"), _routine("dsyrk")
dsyevd, dsytrd, dormtr = _routine("dsyevd"), _routine("dsytrd"), _routine("dormtr")


class Spectra:
    """Workspace of one thread for the calls that a pair of networks needs."""

    def __init__(self, m: int, p: int) -> None:
        rng = np.random.default_rng(0)
        self.m, self.p = m, p
        self.x = np.asfortranarray(rng.standard_normal((m, p)))
        self.y = np.asfortranarray(rng.standard_normal((m, p)))
        self.z = np.empty((m, p), order="F")
        self.c, self.g = (np.empty((p, p), order="F") for _ in range(2))
        self.w, self.off, self.tau = (np.empty(p) for _ in range(3))
        self.work = np.empty(64 * max(m, p) + 6 * p * p + 5000)
        self.iwork = np.empty(10 * p + 3, np.int32)
        self.info = np.zeros(1, np.int32)

    def product(self, m: int) -> None:
        """Form C = X'Y over m samples."""
        p = self.p
        dgemm("T", "N", p, p, m, 1.0, self.x, self.m, self.y, self.m, 0.0, self.c, p)

    def gram(self) -> None:
        """Form G = C'C."""
        dsyrk("L", "T", self.p, self.p, 1.0, self.c, self.p, 0.0, self.g, self.p)

    def reduce(self) -> None:
        """Reduce G to tridiagonal form: the rest of a nuclear norm is linear in p."""
        p = self.p
        dsytrd("L", p, self.g, p, self.w, self.off, self.tau, self.work, 40 * p, self.info)

    def train(self) -> None:
        """Do what a certified training distance takes."""
        self.product(self.m)
        self.gram()
        self.reduce()

    def held_out(self, m_test: int) -> None:
        """Do what a training and a held-out distance take."""
        self.train()
        for _ in range(2):
            self.rotate(m_test)
        for _ in range(2):
            self.reflect(m_test)

    def held_out_by_vectors(self, m_test: int) -> None:
        """Do what both distances take by eigenvectors of G."""
        self.product(self.m)
        self.gram()
        self.eigenvectors()
        for _ in range(3):
            self.rotate(m_test)

    def reflect(self, m: int) -> None:
        """Multiply m samples by the orthogonal matrix of the last reduction."""
        p, work = self.p, len(self.work)
        dormtr("R", "L", "N", m, p, self.g, p, self.tau, self.z, self.m, self.work, work, self.info)

    def rotate(self, m: int) -> None:
        """Multiply m samples by a p x p matrix."""
        p = self.p
        dgemm("N", "N", m, p, p, 1.0, self.x, self.m, self.c, p, 0.0, self.z, self.m)

    def eigenvectors(self) -> None:
        """Take the eigenvectors of G."""
        p, work = self.p, len(self.work)
        dsyevd("V", "L", p, self.g, p, self.w, self.work, work, self.iwork,
               len(self.iwork), self.info)  # fmt: skip

    def whiten(self) -> None:
        """Do what whitening one network takes."""
        m, p = self.m, self.p
        dsyrk("L", "T", p, m, 1.0, self.x, m, 0.0, self.g, p)
        self.eigenvectors()
        self.product(m)


def spread(tasks: list[Callable[[Spectra], None]], m: int, p: int) -> None:
    """Run tasks on all cores, each thread with a workspace of its own."""
    threads = len(os.sched_getaffinity(0))
    shares = [tasks[i::threads] for i in range(threads)]

    def work(thread: int) -> None:
        for task in shares[thread]:
            task(workspace(m, p, thread))

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


@cache
def workspace(m: int, p: int, thread: int) -> Spectra:
    """Return the workspace of a thread, made once."""
    return Spectra(m, p)
