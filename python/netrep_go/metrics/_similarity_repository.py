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
_ROTATIONS = "llm_repsim netrep resi sim_metric"
_CKA = (
    "contrasim correcting_cka_alignment drfrankenstein llm_repsim netrep nn_similarity_index "
    "platonic representation_similarity resi rtd sim_metric"
)
_UNBIASED = "contrasim correcting_cka_alignment platonic representation_similarity"
_NO_DIAGONAL = "contrasim correcting_cka_alignment netrep representation_similarity"
_RBF = {"sigma": 1.0}
_DOT = {"similarity": "dot"}  # samples as they are

_NAMES = {
    "procrustes-distance=angular": _Same("procrustes", _ROTATIONS),
    "procrustes-distance=euclidean": _Same("procrustes_size_and_shape", _ROTATIONS),
    "procrustes-score": _Same("nbs", _ROTATIONS),
    "nbs-distance=angular": _Same("procrustes", _ROTATIONS),
    "nbs-score": _Same("nbs", _ROTATIONS),
    "shape_metric-alpha={alpha}-distance=angular": _Same("procrustes", "netrep"),
    "shape_metric-alpha={alpha}-distance=euclidean": _Same("procrustes_size_and_shape", "netrep"),
    "orthogonal_angular_shape_metric_centered": _Same("procrustes", "resi"),
    "orthogonal_procrustes_centered_and_normalized": _Same("procrustes_normalized", "resi"),
    "aligned_cosine_similarity": _Same("aligned_cosine", "resi"),
    "permutation_metric-distance=angular": _Same("permutation", "netrep"),
    "permutation_metric-distance=euclidean": _Same(
        "permutation", "netrep", {"score_method": "euclidean"}
    ),
    "permutation_procrustes": _Same("permutation_procrustes", "resi"),
    "cka-kernel=linear-hsic=gretton-score": _Same("cka", _CKA),
    "cka-kernel=linear-hsic=gretton-distance=angular": _Same("cka_angular", _CKA),
    "cka-kernel=linear-hsic=song-score": _Same("cka_unbiased", _UNBIASED),
    "cka-kernel=linear-hsic=song-distance=angular": _Same(
        "cka_unbiased", _UNBIASED, {"score_method": "angular"}
    ),
    "cka-kernel=linear-hsic=lange-score": _Same("cka_diagonal_free", _NO_DIAGONAL),
    "cka-kernel=linear-hsic=lange-distance=angular": _Same(
        "cka_diagonal_free", _NO_DIAGONAL, {"score_method": "angular"}
    ),
    "cka-kernel=(rbf-sigma={sigma})-hsic=gretton-score": _Same("cka_rbf", _CKA, _RBF),
    "cka-kernel=(rbf-sigma={sigma})-hsic=song-score": _Same(
        "cka_rbf_unbiased", "contrasim correcting_cka_alignment representation_similarity", _RBF
    ),
    "distance_correlation": _Same("distance_correlation", "resi"),
    "rsm_norm_difference": _Same("rsm_norm_difference", "resi", {"norm": "spectral"}),
    "cca-score": _Same("mean_cca", "contrasim sim_metric svcca"),
    "cca-squared_score": _Same(
        "mean_squared_cca", "contrasim representation_similarity sim_metric svcca"
    ),
    "svcca-var=0.99-score": _Same("svcca", "contrasim sim_metric svcca"),
    "gulp": _Same("gulp_squared", "resi"),
    "eigenspace_overlap_score": _Same("eigenspace_overlap", "resi"),
    "linear_regression": _Same("linear_regression_y_to_x", "resi"),
    "mutual_knn-topk={topk}": _Same("mutual_knn", "platonic", _DOT),
    "cycle_knn-topk={topk}": _Same("cycle_knn", "platonic", _DOT),
    "cknna-topk={topk}": _Same("cknna", "platonic", _DOT),
    "jaccard_similarity": _Same("jaccard", "resi"),
    "rank_similarity": _Same("rank_similarity", "resi"),
    "second_order_cosine_similarity": _Same("second_order_cosine", "resi"),
    "hard_correlation_match": _Same("hard_correlation_match", "resi"),
    "soft_correlation_match": _Same("semi_matching", "resi"),
    "magnitude_difference": _Same("magnitude_difference", "resi"),
    "concentricity_difference": _Same("concentricity_difference", "resi"),
    "uniformity_difference": _Same("uniformity_difference", "resi"),
    "rsa-rdm=correlation-compare=spearman": _Same("rsa", "resi"),
    "rsa-rdm=euclidean-compare=spearman": _Same("rsa_euclidean", "resi"),
    "rsa-rdm=correlation-compare=euclidean": _Same("rsa", "resi", {"method": "euclidean"}),
    "rsa-rdm=euclidean-compare=euclidean": _Same("rsa_euclidean", "resi", {"method": "euclidean"}),
}


def names() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each name there, the name here, and parameters beside those it stands for."""
    for theirs, same in _NAMES.items():
        for repository in same.repositories.split():
            yield f"measure/{repository}/{theirs}", same.name, same.params
    for rdm, metric in _RDMS.items():
        for compare, method in _METHODS.items():
            theirs = f"measure/rsatoolbox/rsa-rdm={rdm}-compare={compare}"
            yield theirs, "rsa", {"metric": metric, "method": method}
