"""SciPy's BLAS and LAPACK behind gonum's interfaces: the vectors that `go test` reads."""

from pathlib import Path

import numpy as np
import pytest

from netrep_go import _blas, _native

VECTORS = Path(__file__).parent.parent / "core/internal/blas/testdata/vectors.json"


def check(document: bytes) -> None:
    padded = document + b" " * (-len(document) % 8)
    _native.call("core.check_blas", (), (np.frombuffer(padded, np.int64),))


def test_vectors_hold_on_the_blas_in_use():
    check(VECTORS.read_bytes())


def test_a_wrong_expectation_is_noticed():
    document = VECTORS.read_bytes().replace(b'"want":[-3.5]', b'"want":[-3.6]', 1)
    with pytest.raises(RuntimeError, match="dgemm"):
        check(document)


def test_every_routine_is_plugged_in():
    names = _native._load().capi_BLASRoutines().split()
    assert set(names) == set(_blas._SIGNATURES)
    assert np.all(_blas.addresses(names) != 0)


@pytest.mark.parametrize(
    ("signature", "number", "letters"),
    [
        ("void (char *, int *, __pyx_t_5scipy_6linalg_11cython_blas_d *)", "d", "c i x"),
        ("void (char *, int *, double *)", "d", "c i x"),
        ("void (char *, int *, float *)", "s", "c i x"),
        ("void (char *, int64_t *, double *)", "d", "c ? x"),
        ("void (char *, int *, double *)", "s", "c i ?"),
        ("double (int *)", "d", ""),
    ],
)
def test_signatures_are_read(signature, number, letters):
    assert _blas._letters(signature, number) == letters


def test_a_routine_with_another_signature_is_left_alone():
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__["dgemv"]
    assert _blas._address(capsule, "dgemv") != 0
    assert _blas._address(capsule, "dgemm") == 0
    assert _blas._address(None, "dgemm") == 0


def test_threads_are_limited_while_inside_and_restored_by_the_last_out():
    limit = _blas.one_thread
    before = [library.num_threads for library in limit.libraries]
    with limit:
        with limit:
            assert all(library.num_threads == 1 for library in limit.libraries)
        assert all(library.num_threads == 1 for library in limit.libraries)
        assert limit.n_threads == max(before)
    assert [library.num_threads for library in limit.libraries] == before
