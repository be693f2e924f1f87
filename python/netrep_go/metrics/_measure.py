"""What a measure is: a comparison of two representations of the same samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Tags

from netrep_go._cohort import (
    Cohorts,
    Measured,
    Named,
    Networks,
    check_double,
    check_dtype,
    check_same_samples,
    measure_pairs,
    one_set,
    resolve_n_jobs,
)
from netrep_go._jobs import blas_threads, in_threads, said_once, warn_user
from netrep_go._names import Name, check_same_indexes
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import SAMPLES_ALIKE, as_factor, check_given, note_features
from netrep_go.metrics._products import Entries, Traces
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["Measure"]

# what a value follows from, if the pairs are fitted one by one
_STEPS = {"fit", "score", "partial_fit", "finalize_fit", "transform", "_align", "_compare"}


class Measure(BaseEstimator):
    """Base class of all measures.

    A subclass tells what is true of it in `properties`. If there is nothing to fit, it
    provides ``_compare(x, y)``, the value for two networks that have been checked, and
    ``_check_parameters``; what concerns one network and is needed for each of its pairs goes
    into ``_prepare``. If there is something to fit, it writes ``fit`` and ``score`` itself.
    Where Go has a routine for all pairs, it overrides ``_measure``, which is left out again
    for classes that are derived from it and fit or score otherwise.

    See Also
    --------
    as_measure : A measure from any function of two arrays.
    measures : The table of all measures.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import Measure, Properties
    >>> class MeanDifference(Measure):
    ...     @property
    ...     def properties(self):
    ...         return Properties(kind="distance", range=(0, np.inf), symmetric=True, triangle=True)
    ...
    ...     def _compare(self, x, y):
    ...         return abs(x.mean() - y.mean())
    >>> float(MeanDifference().fit_score(np.zeros((5, 2)), np.ones((5, 3))))
    1.0
    """

    _by_sample: tuple[str, ...] = ()  # parameters that have one entry a sample

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        raise TypeError(f"{type(self).__name__} must define properties, as every Measure")

    def _check_parameters(self) -> None:
        """Raise if a parameter is out of its range."""

    def _check_network(self, x: Any, name: str) -> Any:
        """Return a network as the measure takes it."""
        return as_factor(x, name)

    def _check_pair(self, X: Any, Y: Any) -> Sequence[Any]:
        self._check_order([("X", X), ("Y", Y)])
        x, y = self._check_network(X, "X"), self._check_network(Y, "Y")
        if len(x) != len(y):
            raise ValueError(
                "X and Y: Expected arrays with equal numbers of samples, but got arrays with "
                f"shapes {x.shape} and {y.shape}: {SAMPLES_ALIKE}"
            )
        return [x, y]

    def _check_order(self, networks: Sequence[tuple[str, Any]]) -> None:
        """Raise if networks and what has an entry for each sample name their samples apart."""
        given = [(name, getattr(self, name)) for name in self._by_sample]
        check_same_indexes([*networks, *given], "samples")

    def _prepare(self, x: Any, name: str) -> Any:
        """Return what ``_compare`` takes of a network that has been checked, or `Undefined`.

        If the result has a ``remark``, users are warned of it.
        """
        return x

    def _compare(self, x: Any, y: Any) -> float:
        """Return the value for two networks that are prepared, or `Undefined`."""
        raise TypeError(f"{type(self).__name__} must define _compare, or fit and score")

    def _reordered(self, prepared: Any, x: Any, order: np.ndarray, name: str) -> Any:
        """Return a network as ``_prepare`` does, with its samples in another order."""
        return self._prepare(x[order], name)

    def _of_samples(self, rows: np.ndarray, n: int) -> Self:
        """Return the measure for some of n samples: what it has for each goes with it."""
        given = {name: getattr(self, name) for name in self._by_sample}
        taken = {name: np.asarray(x)[rows] for name, x in given.items() if x is not None}
        return clone(self).set_params(**taken) if taken else self

    def _entries(self, n: int) -> Entries | None:
        """Return which pairs of samples a vector of length 1 is over that tells all of a network.

        Such a vector is what ``_gram_vector`` returns, or ``_prepare``; the value of two
        networks follows from their inner product by ``_of_cosines``.
        """
        return None

    def _of_cosines(self, cosines: np.ndarray) -> np.ndarray:
        return cosines

    def _has_exact_null(self) -> bool:
        """Whether the value is that product itself, of matrices whose rows sum to 0."""
        return False

    def _traces(self, x: Any, side: str) -> Traces | None:
        """Return the traces of the matrix of a prepared network, if values are a + b tr(K L).

        ``side`` is 'X' for K, and 'Y' for L.
        """
        return None

    def _line(self, x: Any, y: Any) -> tuple[float, float]:
        """Return a and b."""
        return 0.0, 1.0

    def _null_moments(self, x: Any, y: Any) -> tuple[float, float] | None:
        """Return the mean and standard deviation of the value over all orders of the samples of y.

        Of prepared networks, where they are known otherwise than by ``_traces``.
        """
        return None

    def _converges(self) -> bool:
        """Whether the value is that of a population but for a bias that falls with 1/n.

        Not so where it grows with the samples, or means something else for more of them, as
        the number of neighbors does.
        """
        return False

    def _compare_defined(self, x: Any, y: Any) -> float:
        for network in (x, y):
            if isinstance(network, Undefined):
                return network
        return self._compare(x, y)

    @checked
    def fit(self, X: Any, Y: Any) -> Self:
        """Check X and Y: there is nothing to fit.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations of two networks to the same samples.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or Y is not a finite, real matrix or they differ in samples.
        """
        self._check_parameters()
        check_given(Y)
        self._check_pair(X, Y)
        note_features(self, X, Y)
        return self

    @checked
    def score(self, X: Any, Y: Any) -> float:
        """Return the value of the measure for X and Y.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations of two networks to the same samples. ``fit`` need not have
            been called.

        Returns
        -------
        float
            A distance or a similarity: see `properties`. The score of a distance is that
            distance, as in netrep, of which GridSearchCV would take the largest for the
            best: give it ``scoring=neg_distance_scorer``.

        Raises
        ------
        ValueError
            If X or Y is not a finite, real matrix, they differ in samples, or the
            measure is undefined for them.

        Warns
        -----
        UserWarning
            If the value is NaN, because it would mean nothing, with the reason.
        """
        self._check_parameters()
        networks = self._check_pair(X, Y)
        with said_once():
            if type(self)._prepare is not Measure._prepare:
                networks = self._prepared(list(zip(("X", "Y"), networks, strict=True)), 1)
            value = self._compare_defined(*networks)
            if isinstance(value, Undefined):
                warn_user(f"the value is NaN: {value.reason}")
        return float(value)

    def fit_score(self, X: Any, Y: Any) -> float:
        """Fit to X and Y and return their score.

        Parameters
        ----------
        X, Y : array_like
            Two networks, as for ``fit``.

        Returns
        -------
        float
            As ``score``.
        """
        return self.fit(X, Y).score(X, Y)

    @checked
    def pairwise_distances(
        self,
        train_data: Networks,
        test_data: Networks | None = None,
        processes: int | None = None,
        verbose: bool = True,
        *,
        n_jobs: int | None = None,
        dtype: DTypeLike = np.float64,
        names: Iterable[Name] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of the measure for all pairs of networks.

        The same as :func:`netrep_go.multiset.pairwise_distances`, but with
        netrep's return value: always two matrices.

        Parameters
        ----------
        train_data : list or dict of n_networks array_like of shape (n_samples, n_features)
            Activations that alignments are fitted to. All networks see the same
            samples; widths may differ.
        test_data : list or dict of n_networks array_like, default=None
            Held-out activations, of shape (n_test, n_features), to measure the fitted
            alignments on.
        processes : int, default=None
            Another name of ``n_jobs``.
        verbose : bool, default=True
            Show a progress bar.
        n_jobs : int, default=None
            Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not
            depend on it.
        dtype : {float64, float32}, default=float64
            Precision of the products of activations; see the multiset function.
        names : sequence of hashable, default=None
            Names of the networks for messages, if these are a list.

        Returns
        -------
        D_train, D_test : ndarray of shape (n_networks, n_networks)
            As from the multiset function. Without test data D_test is infinite off the
            diagonal, or NaN if the measure is no distance.
        """
        cohorts = one_set(train_data, test_data, names, ("train_data", "test_data"))
        d_train, d_test = self._measure_cohorts(
            cohorts, dtype, resolve_n_jobs(n_jobs, processes), verbose
        )
        return self._two_matrices(d_train, d_test)

    def _two_matrices(
        self, d_train: np.ndarray, d_test: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return netrep's pair of matrices, whether or not there is test data."""
        if d_test is not None:
            return d_train, d_test
        if self.properties.kind != "distance":
            return d_train, np.full(d_train.shape, np.nan)
        d_test = np.full(d_train.shape, np.inf)
        np.fill_diagonal(d_test, 0.0)
        return d_train, d_test

    @checked
    def _measure_cohorts(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        """Return training and held-out values between networks."""
        check_dtype(dtype)
        self._check_parameters()
        for networks in (cohorts.train, cohorts.test or ()):
            self._check_order(networks)
        if self._is_redefined():
            return Measure._measure(self, cohorts, dtype, n_jobs, verbose)
        return self._measure(cohorts, dtype, n_jobs, verbose)

    def _is_redefined(self, method: str = "_measure") -> bool:
        """Whether a derived class fits or scores otherwise than the class of a method."""
        for cls in type(self).__mro__:
            if method in vars(cls):
                return False
            if _STEPS & vars(cls).keys():
                return True
        return False

    def _measure(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        """Measure pair by pair: what Go has no routine for."""
        check_double(dtype, repr(self))
        if self._is_prepared():
            return self._measure_prepared(cohorts, n_jobs, verbose)
        cohorts = self._checked(cohorts)

        def compare(i: int, j: int) -> tuple[float, float | None]:
            return self._measure_pair(cohorts, i, j, n_jobs)

        with said_once(), blas_threads(n_jobs):
            return measure_pairs(compare, cohorts, **self._which_pairs(), verbose=verbose)

    def _which_pairs(self) -> dict[str, bool]:
        """Return whether one order of a pair tells the other, and pairs of one network count."""
        said = self.properties
        diagonal = said.kind != "distance" or not said.identity
        return {"symmetric": said.symmetric, "diagonal": diagonal}

    def _is_prepared(self) -> bool:
        """Whether nothing is fitted: the value is ``_compare`` of networks that are prepared."""
        cls = type(self)
        return cls.fit is Measure.fit and cls.score is Measure.score

    def _measure_prepared(self, cohorts: Cohorts, n_jobs: int | None, verbose: bool) -> Measured:
        """Prepare each network once, and compare them in threads."""
        with said_once():
            train = self._prepared(cohorts.train, n_jobs)
            test = self._prepared(cohorts.test or [], n_jobs)

            def compare(i: int, j: int) -> tuple[float, float | None]:
                value = self._compare_defined(train[i], train[j])
                return value, self._compare_defined(test[i], test[j]) if test else None

            return measure_pairs(
                compare,
                cohorts,
                **self._which_pairs(),
                verbose=verbose,
                n_jobs=n_jobs,
                in_parallel=True,
            )

    def _prepared(self, networks: list[Named], n_jobs: int | None) -> list[Any]:
        """Check and prepare networks, and warn of what there is to say of them."""

        def prepare(named: Named) -> tuple[int, Any]:
            name, x = named
            x = self._check_network(x, name)
            return len(x), self._prepare(x, name)

        results = list(in_threads(prepare, networks, n_jobs))
        check_same_samples([(name, n) for (name, _), (n, _) in zip(networks, results, strict=True)])
        for _, result in results:
            if getattr(result, "remark", None):
                warn_user(result.remark)
        return [result for _, result in results]

    def _checked(self, cohorts: Cohorts) -> Cohorts:
        """Return networks as the measure takes them: each is checked once."""
        train, test = (
            [(name, self._check_network(x, name)) for name, x in networks]
            for networks in (cohorts.train, cohorts.test or [])
        )
        return replace(cohorts, train=train, test=test or None)

    def _measure_pair(
        self, cohorts: Cohorts, i: int, j: int, n_jobs: int | None
    ) -> tuple[float, float | None]:
        """Return the training and the held-out value of a pair."""
        (_, X), (_, Y) = cohorts.train[i], cohorts.train[j]
        fitted = clone(self).fit(X, Y)
        value = fitted.score(X, Y)
        if cohorts.test is None:
            return value, None
        return value, fitted.score(cohorts.test[i][1], cohorts.test[j][1])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


def check_distance(measure: Any, where: str) -> None:
    """Raise if something is not known to be a distance, where that is needed."""
    said = measure.properties.kind if isinstance(measure, Measure) else None
    if said == "similarity":
        raise ValueError(
            f"{where} needs a distance, but {shown(measure)} is a similarity: use a distance, such "
            "as 'procrustes' or 'cka_angular', or declare a function that turns similarities into "
            "distances, as_measure(f, kind='distance')"
        )
    if said is None:
        raise ValueError(
            f"{where} needs a distance, and nothing says that the measure {shown(measure)} is one: "
            "declare it, as_measure(..., kind='distance')"
        )
