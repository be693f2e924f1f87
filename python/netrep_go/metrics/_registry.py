"""The table of measures."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go.metrics import _similarity_repository
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties

__all__ = ["MeasureTable", "get_measure", "measures"]


class _Entry(NamedTuple):
    """Where a measure is, and the parameters that its name stands for."""

    module: str
    cls: str
    params: dict[str, Any] = {}  # noqa: RUF012 - never written to


# A name says which convention it is. Modules are imported on use.
_ENTRIES = {
    "procrustes": _Entry("netrep_go.metrics._linear", "LinearMetric"),
    "procrustes_size_and_shape": _Entry(
        "netrep_go.metrics._linear", "LinearMetric", {"score_method": "euclidean"}
    ),
    "procrustes_normalized": _Entry("netrep_go.metrics._shapes", "NormalizedProcrustes"),
    "nbs": _Entry("netrep_go.metrics._shapes", "NormalizedProcrustes", {"form": "cosine"}),
    "aligned_cosine": _Entry("netrep_go.metrics._shapes", "AlignedCosine"),
    "permutation": _Entry("netrep_go.metrics._permutation", "PermutationMetric"),
    "permutation_procrustes": _Entry(
        "netrep_go.metrics._permutation",
        "PermutationMetric",
        {"center_columns": False, "score_method": "euclidean"},
    ),
    "cka": _Entry("netrep_go.metrics._cka", "LinearCKA", {"score_method": "cosine"}),
    "cka_angular": _Entry("netrep_go.metrics._cka", "LinearCKA"),
    "cka_unbiased": _Entry(
        "netrep_go.metrics._cka",
        "LinearCKA",
        {"score_method": "cosine", "estimator": "unbiased"},
    ),
    "cka_diagonal_free": _Entry(
        "netrep_go.metrics._kernels",
        "KernelCKA",
        {"kernel": "linear", "estimator": "diagonal_free"},
    ),
    "cka_rbf": _Entry("netrep_go.metrics._kernels", "KernelCKA"),
    "cka_rbf_unbiased": _Entry(
        "netrep_go.metrics._kernels", "KernelCKA", {"estimator": "unbiased"}
    ),
    "cka_neuron_corrected": _Entry(
        "netrep_go.metrics._kernels_corrected", "CorrectedCKA", {"stimuli": False}
    ),
    "cka_corrected": _Entry("netrep_go.metrics._kernels_corrected", "CorrectedCKA"),
    "distance_correlation": _Entry("netrep_go.metrics._kernels", "DistanceCorrelation"),
    "distance_correlation_unbiased": _Entry(
        "netrep_go.metrics._kernels", "DistanceCorrelation", {"estimator": "unbiased"}
    ),
    "rsm_norm_difference": _Entry("netrep_go.metrics._kernels", "RSMNormDifference"),
    "mean_cca": _Entry("netrep_go.metrics._cca", "CCA"),
    "mean_squared_cca": _Entry("netrep_go.metrics._cca", "CCA", {"score_method": "mean_squared"}),
    "svcca": _Entry("netrep_go.metrics._cca", "SVCCA"),
    "pwcca_x_weights": _Entry("netrep_go.metrics._cca", "PWCCA"),
    "pwcca_y_weights": _Entry("netrep_go.metrics._cca", "PWCCA", {"weights": "Y"}),
    "gulp": _Entry("netrep_go.metrics._subspaces", "GULP"),
    "gulp_squared": _Entry("netrep_go.metrics._subspaces", "GULP", {"squared": True}),
    "eigenspace_overlap": _Entry("netrep_go.metrics._subspaces", "EigenspaceOverlap"),
    "linear_regression_y_to_x": _Entry("netrep_go.metrics._regression", "LinearRegressionR2"),
    "linear_regression_x_to_y": _Entry(
        "netrep_go.metrics._regression", "LinearRegressionR2", {"predictor": "X"}
    ),
    "ridge_r2_y_to_x": _Entry("netrep_go.metrics._regression", "RidgePredictivity"),
    "ridge_r2_x_to_y": _Entry(
        "netrep_go.metrics._regression", "RidgePredictivity", {"predictor": "X"}
    ),
    "ridge_r_y_to_x": _Entry(
        "netrep_go.metrics._regression", "RidgePredictivity", {"score_method": "r"}
    ),
    "ridge_r_x_to_y": _Entry(
        "netrep_go.metrics._regression",
        "RidgePredictivity",
        {"predictor": "X", "score_method": "r"},
    ),
    "hard_correlation_match": _Entry("netrep_go.metrics._matching", "CorrelationMatch"),
    "semi_matching": _Entry(
        "netrep_go.metrics._matching", "CorrelationMatch", {"matching": "semi"}
    ),
    "soft_matching_distance": _Entry("netrep_go.metrics._matching", "SoftMatching"),
    "soft_matching_correlation": _Entry(
        "netrep_go.metrics._matching", "SoftMatching", {"score_method": "correlation"}
    ),
    "partial_soft_matching": _Entry("netrep_go.metrics._partial", "PartialSoftMatching"),
    "rtd": _Entry("netrep_go.metrics._topology", "RTD"),
    "rtd_lite": _Entry("netrep_go.metrics._topology", "RTDLite"),
    "imd": _Entry("netrep_go.metrics._imd", "IMD"),
    "magnitude_difference": _Entry("netrep_go.metrics._geometry", "MagnitudeDifference"),
    "concentricity_difference": _Entry("netrep_go.metrics._geometry", "ConcentricityDifference"),
    "uniformity_difference": _Entry("netrep_go.metrics._geometry", "UniformityDifference"),
    "uniformity_difference_on_sphere": _Entry(
        "netrep_go.metrics._geometry",
        "UniformityDifference",
        {"normalize": True, "self_pairs": False},
    ),
    "convolutional": _Entry("netrep_go.metrics._convolution", "ConvolutionalMetric"),
    "gaussian": _Entry("netrep_go.metrics._gaussian", "GaussianStochasticMetric"),
    "gaussian_process": _Entry("netrep_go.metrics._gaussian", "GPStochasticMetric"),
    "energy": _Entry("netrep_go.metrics._energy", "EnergyStochasticMetric"),
    "jsd": _Entry("netrep_go.metrics._outputs", "JSD"),
    "disagreement": _Entry("netrep_go.metrics._outputs", "Disagreement"),
    "accuracy_difference": _Entry("netrep_go.metrics._outputs", "AccuracyDifference"),
    "rsa": _Entry("netrep_go.rsa._measure", "RSA"),
    "rsa_euclidean": _Entry("netrep_go.rsa._measure", "RSA", {"metric": "euclidean"}),
    "mutual_knn": _Entry("netrep_go.metrics._neighbors_sets", "MutualKNN"),
    "jaccard": _Entry("netrep_go.metrics._neighbors_sets", "NeighborJaccard"),
    "rank_similarity": _Entry("netrep_go.metrics._neighbors_ranks", "RankSimilarity"),
    "joint_rank_jaccard": _Entry(
        "netrep_go.metrics._neighbors_ranks", "RankSimilarity", {"jaccard": True}
    ),
    "second_order_cosine": _Entry("netrep_go.metrics._neighbors_kernels", "SecondOrderCosine"),
    "cycle_knn": _Entry("netrep_go.metrics._neighbors_sets", "CycleKNN"),
    "lcs_knn": _Entry("netrep_go.metrics._neighbors_ranks", "LCSKNN"),
    "edit_knn": _Entry("netrep_go.metrics._neighbors_ranks", "EditKNN"),
    "cknna": _Entry("netrep_go.metrics._neighbors_kernels", "CKNNA"),
}


class _Alias(NamedTuple):
    """What another package calls a measure, and what it is here."""

    package: str
    name: str
    params: dict[str, Any] = {}  # noqa: RUF012 - never written to


_DOT = {"similarity": "dot"}  # samples as they are

# By the name there. Only names of the same value are here: where a package computes something
# else than its name says, the documentation of the measure says so.
_ALIASES: dict[str, _Alias] = {
    "RSA": _Alias("ReSi", "rsa"),
    "JSD": _Alias("ReSi", "jsd"),
    "Disagreement": _Alias("ReSi", "disagreement"),
    "OrthogonalAngularShapeMetricCentered": _Alias("ReSi", "procrustes"),
    "ProcrustesSizeAndShapeDistance": _Alias("ReSi", "procrustes_size_and_shape"),
    "JaccardSimilarity": _Alias("ReSi", "jaccard"),
    "RankSimilarity": _Alias("ReSi", "rank_similarity"),
    "joint_rank_jaccard_similarity": _Alias("ReSi", "joint_rank_jaccard"),
    "SecondOrderCosineSimilarity": _Alias("ReSi", "second_order_cosine"),
    "edit_distance_knn": _Alias("platonic-rep", "edit_knn"),
    "platonic/mutual_knn_topk": _Alias("similarity-repository", "mutual_knn", _DOT),
    "platonic/cycle_knn_topk": _Alias("similarity-repository", "cycle_knn", _DOT),
    "platonic/lcs_knn_topk": _Alias("similarity-repository", "lcs_knn", _DOT),
    "platonic/edit_distance_knn_topk": _Alias("similarity-repository", "edit_knn", _DOT),
    "platonic/cknna_topk": _Alias("similarity-repository", "cknna", _DOT),
    "OrthogonalProcrustesCenteredAndNormalized": _Alias("ReSi", "procrustes_normalized"),
    "AlignedCosineSimilarity": _Alias("ReSi", "aligned_cosine"),
    "PermutationProcrustes": _Alias("ReSi", "permutation_procrustes"),
    "CKA": _Alias("ReSi", "cka"),
    "DistanceCorrelation": _Alias("ReSi", "distance_correlation"),
    "RSMNormDifference": _Alias("ReSi", "rsm_norm_difference", {"norm": "spectral"}),
    "unbiased_cka": _Alias("platonic-rep", "cka_unbiased"),
    "rv": _Alias("statistics", "cka"),
    "EigenspaceOverlapScore": _Alias("ReSi", "eigenspace_overlap"),
    "Gulp": _Alias("ReSi", "gulp_squared"),
    "LinearRegression": _Alias("ReSi", "linear_regression_y_to_x"),
    "representation_similarity/cca": _Alias("similarity-repository", "mean_squared_cca"),
    "sim_metric/mean_cca_corr": _Alias("similarity-repository", "mean_cca"),
    "sim_metric/mean_sq_cca_corr": _Alias("similarity-repository", "mean_squared_cca"),
    "HardCorrelationMatch": _Alias("ReSi", "hard_correlation_match"),
    "SoftCorrelationMatch": _Alias("ReSi", "semi_matching"),
    "MagnitudeDifference": _Alias("ReSi", "magnitude_difference"),
    "ConcentricityDifference": _Alias("ReSi", "concentricity_difference"),
    "UniformityDifference": _Alias("ReSi", "uniformity_difference"),
}


@checked
def get_measure(name: str, **params: Any) -> Measure:
    """Return a measure by its name in the table of :func:`measures`.

    Parameters
    ----------
    name : str
        Such as 'procrustes' or 'cka', or the name that another package has for the same
        value: the table says which.
    **params
        Parameters of its class, beside or in place of those that the name stands for.

    Returns
    -------
    Measure
        A new instance.

    Raises
    ------
    ValueError
        If there is no measure of that name.
    TypeError
        If a parameter is unknown, or one that has no default is missing.

    Examples
    --------
    >>> from netrep_go.metrics import get_measure
    >>> get_measure("cka")
    LinearCKA(score_method='cosine')
    >>> get_measure("procrustes", alpha=0.5)
    LinearMetric(alpha=0.5)
    """
    return named_measure(name, "name", **params)


def named_measure(measure: str, argument: str, **params: Any) -> Measure:
    """Return the measure that an argument names."""
    if isinstance(measure, str) and measure in _ALIASES:
        alias = _ALIASES[measure]
        return named_measure(alias.name, argument, **(alias.params | params))
    if not isinstance(measure, str) or measure not in _ENTRIES:
        raise ValueError(
            f"Expected `{argument}` to be the name of a measure, which measures() lists, such "
            f"as {_meant(measure)}. Found instead {argument} == {shown(measure)}."
        )
    entry = _ENTRIES[measure]
    found: type[Measure] = getattr(import_module(entry.module), entry.cls)
    given = entry.params | params
    try:
        inspect.signature(found).bind(**given)
    except TypeError as error:
        known = ", ".join(inspect.signature(found).parameters) or "none"
        raise TypeError(f"{argument}={measure!r}: {error}; its parameters are {known}") from None
    return found(**given)


_ALIASES |= {
    theirs: _Alias("similarity-repository", name, params)
    for theirs, name, params in _similarity_repository.names()
}


def _meant(name: Any) -> str:
    """Return names of measures, and those that are like one that there is not."""
    close = get_close_matches(name, [*_ENTRIES, *_ALIASES], 3) if isinstance(name, str) else []
    return ", ".join(map(repr, dict.fromkeys(["procrustes", *(close or ["cka"])])))


def _called_elsewhere(name: str) -> str:
    """Return what other packages call a measure with its own parameters, for the table."""
    found = {
        f"{theirs.rpartition('/')[2]} ({a.package})": None
        for theirs, a in _ALIASES.items()
        if a.name == name and not a.params
    }
    return ", ".join(found)


@dataclass(frozen=True, repr=False)
class MeasureTable(Result):
    """The measures that have a name, each with what is true of it.

    Attributes
    ----------
    properties : dict of str to Properties
        By name, for the default parameters.
    """

    properties: dict[str, Properties]

    def __iter__(self) -> Iterator[str]:
        return iter(self.properties)

    def __len__(self) -> int:
        return len(self.properties)

    def __getitem__(self, name: str) -> Properties:
        return self.properties[name]

    def __repr__(self) -> str:
        return f"MeasureTable({', '.join(self)})"

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each measure, by name.

        Returns
        -------
        pandas.DataFrame
            With columns class, module, kind, low and high (the ends of the range), symmetric,
            triangle, null, invariances, data, cost, reference, elsewhere (the names that other
            packages have for it).

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        rows = {
            name: {
                "class": _ENTRIES[name].cls,
                "module": _ENTRIES[name].module.rpartition(".")[0],
                "kind": said.kind,
                "low": said.range[0],
                "high": said.range[1],
                "symmetric": said.symmetric,
                "triangle": said.triangle,
                "null": said.null,
                "invariances": ", ".join(sorted(said.invariances)),
                "data": said.data,
                "cost": said.cost,
                "reference": said.reference,
                "elsewhere": _called_elsewhere(name),
            }
            for name, said in self.properties.items()
        }
        return pandas().DataFrame.from_dict(rows, orient="index").rename_axis("measure")


@checked
def measures() -> MeasureTable:
    """Return the table of all measures that have a name.

    Returns
    -------
    MeasureTable
        With ``to_frame()``. It shows what is true with default parameters; other
        parameters may change it: see ``get_measure(name, ...).properties``.

    Examples
    --------
    >>> from netrep_go.metrics import measures
    >>> table = measures()
    >>> table["cka"].kind, table["cka"].range
    ('similarity', (0, 1))
    >>> [name for name in table if table[name].triangle][:2]
    ['procrustes', 'procrustes_size_and_shape']
    """
    return MeasureTable({name: _default(name).properties for name in _ENTRIES})


def _default(name: str) -> Measure:
    """Return a measure with its default parameters, and 1 for a number that has none."""
    entry = _ENTRIES[name]
    parameters = inspect.signature(getattr(import_module(entry.module), entry.cls)).parameters
    missing = {key: 1 for key, value in parameters.items() if value.default is value.empty}
    return get_measure(name, **missing)
