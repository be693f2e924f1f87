"""Representational similarity analysis as a measure of two networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from scipy import linalg

from netrep_go import _native
from netrep_go._cohort import Cohorts, Measured, Named, check_double, measure_pairs
from netrep_go._jobs import said_once
from netrep_go._parameters import check_parameters
from netrep_go._sizes import of_order_one
from netrep_go._validation import as_codes, as_factor, check_option
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties, Undefined
from netrep_go.rsa._compare import SIMILARITIES, similarities
from netrep_go.rsa._rdm import Codes, check_folds, dissimilarities

__all__ = ["RSA"]

_METRICS = ("correlation", "cosine", "euclidean", "sqeuclidean", "crossnobis", "poisson")
_METHODS = (*SIMILARITIES, "euclidean")
_FLAT = 1e-12  # what varies less, relative to its size, is constant
_NO_CODES = np.empty(0, np.int64)

# What may be done to the features without a change of any dissimilarity.
_UNITS = {"permutation", "scale"}
# Whose mean over all orders of the conditions is 0.
_CORRELATIONS = ("spearman", "pearson", "tau-a", "tau-b", "rho-a", "corr_cov")

_INVARIANCES = {
    "correlation": _UNITS,
    "cosine": _UNITS | {"rotation"},
    "poisson": {"permutation"},
}
_DIFFERENCES = {"permutation", "rotation", "translation"}  # of metrics of differences


class RSA(Measure):
    r"""Similarity of the dissimilarities between samples (representational similarity analysis).

    The representational dissimilarity matrix (RDM) of a network has the dissimilarity of
    each pair of samples; networks are alike if their RDMs are:

    .. math:: \mathrm{RSA}(X, Y) = s(\mathrm{rdm}(X), \mathrm{rdm}(Y))

    with the entries above the diagonal of either RDM. Any metric of :func:`rdm` goes with
    any similarity of :func:`compare`.

    Parameters
    ----------
    metric : {'correlation', 'cosine', 'euclidean', 'sqeuclidean', 'crossnobis', 'poisson'}, \
            default='correlation'
        Dissimilarity of two samples, as in :func:`rdm`. For 'mahalanobis', which needs the
        noise of each network, whiten them by :class:`NoiseNormalizer` and take 'euclidean'.
    method : {'spearman', 'pearson', 'cosine', 'tau-a', 'tau-b', 'rho-a', 'corr_cov', \
            'cosine_cov', 'bures', 'neg_riem_dist', 'euclidean'}, default='spearman'
        Similarity of two RDMs, as in :func:`compare`; or 'euclidean', the norm of the
        difference of their entries above the diagonal, **a distance**. It depends on the
        unit of the responses, unless 'metric' does not.
    conditions : array_like of shape (n_samples,), default=None
        Condition of each sample; the RDM has one row for each condition. If None, every
        sample is a condition.
    folds : array_like of shape (n_samples,), default=None
        Fold of each sample, for 'crossnobis', which needs them with ``conditions``.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    netrep_go.rsa.evaluate : Models of RDMs with noise ceilings and bootstrap.

    Notes
    -----
    No RDM depends on the order of the features. Only 'correlation' depends on their
    rotation, as it takes off each sample's mean over them; only metrics of differences do
    not depend on a translation. None but 'euclidean' as ``method``, and 'poisson' as
    ``metric``, depend on scale.

    The value is undefined, NaN with a warning, if a sample is constant over features
    ('correlation'), zero ('cosine'), or if all dissimilarities of a network are the same
    (they correlate with nothing). Fewer than 3 conditions are an error. The diagonals of
    RDMs never count; a norm of the difference of full matrices, which has each pair twice,
    is :math:`\sqrt 2` times that of 'euclidean'.

    'neg_riem_dist' is not symmetric: X is the first argument of :func:`compare`.

    References
    ----------
    Kriegeskorte, Mur & Bandettini (2008). Representational similarity analysis -
    connecting the branches of systems neuroscience. Frontiers in Systems Neuroscience 2, 4.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import RSA
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((30, 10))
    >>> Y = X[:, :8] + rng.standard_normal((30, 8))
    >>> round(float(RSA().fit_score(X, Y)), 2)
    0.31
    >>> round(float(RSA("euclidean", "tau-a").fit_score(X, Y)), 2)
    0.29
    """

    _by_sample = ("conditions", "folds")

    def __init__(
        self,
        metric: Literal[
            "correlation", "cosine", "euclidean", "sqeuclidean", "crossnobis", "poisson"
        ] = "correlation",
        method: Literal[
            "spearman",
            "pearson",
            "cosine",
            "tau-a",
            "tau-b",
            "rho-a",
            "corr_cov",
            "cosine_cov",
            "bures",
            "neg_riem_dist",
            "euclidean",
        ] = "spearman",
        conditions: ArrayLike | None = None,
        folds: ArrayLike | None = None,
    ) -> None:
        self.metric = metric
        self.method = method
        self.conditions = conditions
        self.folds = folds
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_option(self.metric, "metric", _METRICS)
        check_option(self.method, "method", _METHODS)
        check_folds(self.folds, self.metric)
        if self.folds is not None and self.conditions is None:
            raise ValueError("folds are for repeated conditions: give conditions, too")

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        distance, negative = self.method == "euclidean", self.method == "neg_riem_dist"
        invariances = _INVARIANCES.get(
            self.metric, _DIFFERENCES if distance else _DIFFERENCES | _UNITS
        )
        low = -np.inf if negative else 0 if self._is_positive() else -1
        return Properties(
            kind="distance" if distance else "similarity",
            range=(0, np.inf) if distance else (low, 0 if negative else 1),
            symmetric=not negative,
            triangle=distance,
            null=self.method in _CORRELATIONS,
            invariances=invariances,
            cost="n^2 (p + log n)",
            reference="Kriegeskorte et al. 2008, doi:10.3389/neuro.06.004.2008",
        )

    def _is_positive(self) -> bool:
        """Whether the similarity is never negative."""
        return self.method == "bures" or (self.method == "cosine" and self.metric != "crossnobis")

    def _check_network(self, x: Any, name: str) -> np.ndarray:
        x = as_factor(x, name)
        self._codes(x, name)
        return x

    def _codes(self, x: np.ndarray, name: str) -> tuple[Codes, Codes]:
        """Return the numbers of the conditions and of the folds, and how many there are."""
        codes = []
        for labels, what in ((self.conditions, "conditions"), (self.folds, "folds")):
            if labels is None:
                codes.append((_NO_CODES, 0))
                continue
            with _named(name):
                values, numbers = as_codes(labels, what, len(x))
            codes.append((numbers.astype(np.int64), len(values)))
        return codes[0], codes[1]

    def _prepare(self, x: np.ndarray, name: str) -> np.ndarray | Undefined:
        """Return the condensed RDM of a network, about 1 in size where its unit does not count."""
        conditions, folds = self._codes(x, name)
        if reason := self._flat_sample(x, name, conditions[0]):
            return Undefined(reason)
        if self.conditions is None:
            conditions = _NO_CODES, len(x)
        with _named(name):
            rdm = dissimilarities([x], self.metric, conditions, folds, n_jobs=1)[0]
        if reason := self._flat_rdm(rdm, name):
            return Undefined(reason)
        return rdm if self.method == "euclidean" else of_order_one(rdm)

    def _flat_sample(self, x: np.ndarray, name: str, codes: np.ndarray) -> str:
        """Return why a metric is undefined for one of the samples, if it is."""
        if self.metric not in ("correlation", "cosine"):
            return ""
        what = "sample"
        if codes.size:
            what, x = "condition", _means(x, codes)
        centered = self.metric == "correlation"
        flat = _is_constant(x) if centered else ~x.any(axis=1)
        if not flat.any():
            return ""
        how = "constant over features" if centered else "zero"
        return (
            f"{what} {np.argmax(flat)} of {name} is {how}, so that its {self.metric} with others "
            "is undefined"
        )

    def _flat_rdm(self, rdm: np.ndarray, name: str) -> str:
        """Return why a similarity is undefined for an RDM, if it is."""
        if self.method in ("euclidean", "neg_riem_dist"):
            return ""
        if self.method in ("cosine", "cosine_cov", "bures"):
            return "" if rdm.any() else f"all dissimilarities of {name} are 0"
        return f"all dissimilarities of {name} are the same" if _is_constant(rdm) else ""

    def _compare(self, x: np.ndarray, y: np.ndarray) -> float:
        if self.method == "euclidean":
            return float(linalg.norm(x - y))  # which scales what it squares
        pair = similarities(x[np.newaxis], y[np.newaxis], self.method, names=_called("X", "Y"))
        return float(pair[0, 0])

    def _measure(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        """Compare all RDMs in one call, which ranks or whitens each of them once."""
        check_double(dtype, repr(self))
        if self.method == "euclidean":
            return self._measure_prepared(cohorts, n_jobs, verbose)
        with said_once():
            found = [
                self._similar(networks, cohorts.first, n_jobs)
                for networks in (cohorts.train, cohorts.test)
                if networks is not None
            ]

            def values(i: int, j: int) -> tuple[float, float | None]:
                return found[0](i, j), found[1](i, j) if len(found) > 1 else None

            symmetric = self.properties.symmetric
            return measure_pairs(
                values, cohorts, symmetric=symmetric, diagonal=True, verbose=verbose
            )

    def _similar(
        self, networks: list[Named], first: int, n_jobs: int | None
    ) -> Callable[[int, int], float]:
        """Return a function that looks up the similarity of two networks."""
        rdms = self._prepared(networks, n_jobs)
        undefined = {k: rdm for k, rdm in enumerate(rdms) if isinstance(rdm, Undefined)}
        known = [k for k in range(len(rdms)) if k not in undefined]
        rows = [k for k in known if k < first] if first else known
        columns = [k for k in known if k >= first] if first else []
        values = np.empty((len(rdms), len(rdms)))
        if rows and (columns or not first):
            values[np.ix_(rows, columns or rows)] = similarities(
                _taken(rdms, rows),
                _taken(rdms, columns),
                self.method,
                names=_called(*([networks[k][0] for k in side] for side in (rows, columns))),
                n_jobs=n_jobs,
            )

        def value(i: int, j: int) -> float:
            return next((undefined[k] for k in (i, j) if k in undefined), values[i, j])

        return value


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say of which network an error is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _taken(rdms: list[Any], which: Sequence[int]) -> np.ndarray:
    """Return some RDMs as the rows of a matrix, and let go of each once it is there."""
    matrix = np.empty((len(which), rdms[which[0]].size if which else 0))
    for row, k in zip(matrix, which, strict=True):
        row[:] = rdms[k]
        rdms[k] = None
    return matrix


def _called(rdms: Sequence[str], models: Sequence[str]) -> _native.Names:
    """Return what errors call the RDMs of networks."""
    return {"RDM": rdms, "model": models}


def _means(x: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the mean over the samples of each condition."""
    sums = np.zeros((codes.max() + 1, x.shape[1]))
    np.add.at(sums, codes, x)
    return sums / np.bincount(codes)[:, np.newaxis]


def _is_constant(x: np.ndarray) -> Any:
    """Whether the last axis of an array is constant, but for rounding."""
    return np.ptp(x, axis=-1) <= _FLAT * np.abs(x).max(axis=-1)
