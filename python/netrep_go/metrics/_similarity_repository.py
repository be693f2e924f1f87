"""The names of similarity-repository for measures of the same value.

There a name is measure/<repository>/<name>, as implementations of a name may differ: those listed
were run on networks of different widths, in both orders, and give the values of ours. Not listed
are, for example, pwcca-score (other values in each repository) and llm_repsim's
rsa-rdm=correlation-compare=pearson, which correlates similarities of uncentered responses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class _Same(NamedTuple):
    """What a name stands for here, and whose implementations are the same."""

    name: str
    repositories: str
    params: dict[str, Any] = {}  # noqa: RUF012 - never written to


_RDMS = {"correlation": "correlation", "squared_euclidean": "sqeuclidean"}
_METHODS = {
    "spearman": "spearman",
    "pearson": "pearson",
    "cosine": "cosine",
    "tau_a": "tau-a",
    "tau_b": "tau-b",
    "rho_a": "rho-a",
    "corr_cov": "corr_cov",
    "cosine_cov": "cosine_cov",
    "bures": "bures",
}
_CKA = (
    "contrasim correcting_cka_alignment drfrankenstein llm_repsim netrep nn_similarity_index "
    "platonic representation_similarity resi rtd sim_metric"
)
_UNBIASED = "contrasim correcting_cka_alignment platonic representation_similarity"

_NAMES = {
    "procrustes-distance=angular": _Same("procrustes", "llm_repsim netrep resi sim_metric"),
    "procrustes-distance=euclidean": _Same(
        "procrustes_size_and_shape", "llm_repsim netrep resi sim_metric"
    ),
    "shape_metric-alpha={alpha}-distance=angular": _Same("procrustes", "netrep"),
    "shape_metric-alpha={alpha}-distance=euclidean": _Same("procrustes_size_and_shape", "netrep"),
    "permutation_metric-distance=angular": _Same("permutation", "netrep"),
    "permutation_metric-distance=euclidean": _Same(
        "permutation", "netrep", {"score_method": "euclidean"}
    ),
    "cka-kernel=linear-hsic=gretton-score": _Same("cka", _CKA),
    "cka-kernel=linear-hsic=gretton-distance=angular": _Same("cka_angular", _CKA),
    "cka-kernel=linear-hsic=song-score": _Same("cka", _UNBIASED, {"estimator": "unbiased"}),
    "cka-kernel=linear-hsic=song-distance=angular": _Same(
        "cka_angular", _UNBIASED, {"estimator": "unbiased"}
    ),
    "rsa-rdm=euclidean-compare=spearman": _Same("rsa_euclidean", "resi"),
    "rsa-rdm=correlation-compare=euclidean": _Same("rsa", "resi", {"method": "euclidean"}),
    "rsa-rdm=euclidean-compare=euclidean": _Same("rsa_euclidean", "resi", {"method": "euclidean"}),
}


def names() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each name there, the name here, and parameters beside those it stands for."""
    for theirs, same in _NAMES.items():
        for repository in same.repositories.split():
            yield f"measure/{repository}/{theirs}", same.name, same.params
    yield "measure/resi/rsa-rdm=correlation-compare=spearman", "rsa", {}
    for rdm, metric in _RDMS.items():
        for compare, method in _METHODS.items():
            theirs = f"measure/rsatoolbox/rsa-rdm={rdm}-compare={compare}"
            yield theirs, "rsa", {"metric": metric, "method": method}
