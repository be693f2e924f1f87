"""SciPy's BLAS and LAPACK behind gonum's interfaces: the vectors that `go test` reads."""

from pathlib import Path

import numpy as np
import pytest

from netrep_go import _blas, _native

VECTORS = Path(__file__).parent.parent / "core/internal/blas/testdata/vectors.json"


def check(document: bytes) -> None:
    _native.call("core.check_blas", {}, {"vectors": document.decode()})


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


def test_every_thread_pool_is_under_control():
    assert len(_blas.thread_functions()) == 2 * len(_blas.libraries()) > 0


def test_blas_has_its_threads_back_after_a_call():
    before = [library.num_threads for library in _blas.libraries()]
    with pytest.raises(ValueError, match="do not vary"):
        _native.call(
            "metrics.aligned_distance",
            {"distance": np.empty(1)},
            {"x": np.zeros((2, 2)), "y": np.zeros((2, 2)), "rank": 2, "score": "angular"},
        )
    assert [library.num_threads for library in _blas.libraries()] == before
