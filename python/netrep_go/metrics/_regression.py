"""How well linear regression predicts the features of one network from those of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from netrep_go._jobs import check_seed
from netrep_go._parameters import checked
from netrep_go._validation import check_integer, check_number
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._principal import on_basis, principal, rank_of
from netrep_go.metrics._products import Traces
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["LinearRegressionR2", "RidgePredictivity"]


class _Directional(Measure):
    """What predicts one network from the other."""

    predictor: str

    def _in_order(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the predictor and what it predicts."""
        return (x, y) if self.predictor == "X" else (y, x)


class _Shares(NamedTuple):
    """A network as regression needs it, as a predictor and as what is predicted."""

    basis: np.ndarray  # orthonormal
    shares: np.ndarray  # of the variance
    remark: str | None


class LinearRegressionR2(_Directional):
    r"""Share of the variance of one network that a linear regression on the other explains.

    For centered activations and an orthonormal basis :math:`U_y` of those of the predictor Y,

    .. math:: R^2 = \frac{\|U_y^\top X\|_F^2}{\|X\|_F^2}

    which is the :math:`R^2` of each feature of X, fitted by least squares on the same samples,
    averaged with its variance as a weight.

    Parameters
    ----------
    predictor : {'X', 'Y'}, default='Y'
        The network that predicts the other. The two values differ, so that the measure
        is **not symmetric**.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    It is large by chance: an unrelated predictor of rank q explains q / (n_samples - 1), about
    its width over the number of samples, which ``expected_by_chance`` returns, and
    :func:`netrep_go.inference.calibrate` with the standard deviation. One with as many
    dimensions as the samples allow (n_samples - 1) explains everything; a warning says so.
    :class:`RidgePredictivity` predicts samples that were held out.

    Silent and constant features do no harm to either side (ReSi's LinearRegression, which has
    the same value otherwise, fails on them). Directions of the predictor with at most
    max(n_samples, n_features, 16) eps of its largest variance do not count.

    References
    ----------
    Kornblith, Norouzi, Lee & Hinton (2019). Similarity of Neural Network
    Representations Revisited. ICML. arXiv:1905.00414.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import LinearRegressionR2
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 4))
    >>> measure = LinearRegressionR2()
    >>> print(round(measure.score(X[:, :2], X), 2), round(measure.score(X, X[:, :2]), 2))
    1.0 0.42
    >>> print(round(measure.expected_by_chance(X, X[:, :2]), 4))
    0.0202
    """

    def __init__(self, predictor: Literal["X", "Y"] = "Y") -> None:
        self.predictor = predictor

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            range=(0, 1),
            invariances={"permutation", "rotation", "scale", "translation"},
            cost="n p^2",
            reference="Kornblith et al. 2019, arXiv:1905.00414",
        )

    @checked
    def expected_by_chance(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Return the mean value over all permutations of the samples of one network.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations of two networks to the same samples.

        Returns
        -------
        float
            The rank of the predictor, divided by n_samples - 1.

        Raises
        ------
        ValueError
            If X or Y is not a finite, real matrix, they differ in samples, or the
            predictor does not vary.
        """
        self._check_parameters()
        x, _ = self._in_order(*self._check_pair(X, Y))
        found = principal(x, self.predictor)
        if isinstance(found, Undefined):
            raise ValueError(found.reason)
        return found.rank / (len(x) - 1)

    def _prepare(self, x: np.ndarray, name: str) -> _Shares | Undefined:
        found = principal(x, name)
        if isinstance(found, Undefined):
            return found
        remark = (
            f"more features than samples: a network with all {len(x) - 1} dimensions that "
            f"{len(x)} samples allow predicts any other, whatever they respond: take more samples, "
            "or predict held-out ones (RidgePredictivity)"
        )
        shares = found.sizes**2 / np.sum(found.sizes**2)
        return _Shares(found.basis, shares, remark if found.rank == len(x) - 1 else None)

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        return on_basis(prepared, order)

    def _traces(self, x: _Shares, side: str) -> Traces:
        explains = side == self.predictor
        return Traces.of_axes(x.basis, np.ones(len(x.shares)) if explains else x.shares)

    def _compare(self, x: _Shares, y: _Shares) -> float:
        predictor, predicted = self._in_order(x, y)
        product = predicted.basis.T @ predictor.basis
        explained = np.einsum("ij,ij->i", product, product)
        return min(float(predicted.shares @ explained), 1.0)


class _Fold(NamedTuple):
    """A set of held-out samples, and ridge regression on the others."""

    test: np.ndarray
    axes: np.ndarray  # principal axes of the training samples
    sizes: np.ndarray  # singular values along them


class _Foldable(NamedTuple):
    """A network as ridge regression needs it, as a predictor and as what is predicted."""

    matrix: np.ndarray  # as a predictor: coordinates
    targets: np.ndarray
    folds: list[_Fold]


class RidgePredictivity(_Directional):
    r"""How well ridge regression on one network predicts the other for samples held out.

    In each fold, the penalty of :math:`\min_W \|X - Y W\|^2 + \lambda \|W\|^2` is the one with the
    least generalized cross-validation error of the training samples, the same for all features of
    X,

    .. math:: \lambda = \arg\min_\lambda
        \frac{\|(I - H_\lambda) X\|_F^2}{(n - \mathrm{tr} H_\lambda)^2}, \qquad
        H_\lambda = \frac{1}{n} 1 1^\top + Y (Y^\top Y + \lambda I)^{-1} Y^\top

    and both networks are centered by their training means. From predictions :math:`\hat x` and
    activations :math:`x` of the held-out samples of all folds, both less the training means, comes

    .. math:: R^2 = 1 - \frac{\sum (x - \hat x)^2}{\sum x^2}
        \qquad \text{or, for each feature,} \qquad
        r = \frac{\sum x \hat x}{\sqrt{\sum x^2 \sum \hat x^2}}

    Parameters
    ----------
    predictor : {'X', 'Y'}, default='Y'
        The network that predicts the other: the measure is **not symmetric**.
    score_method : {'r2', 'r'}, default='r2'
        'r2' is of all features together, so that those of large variance weigh more; it
        is below 0 where the training means predict better. 'r' is the mean
        over the features that vary; features that are predicted not to vary have 0.
    cv : int, default=5
        Number of folds.
    alphas : sequence of float, default=(1e-6, 1e-5, ..., 1e4)
        Penalties to choose from, in [1e-12, 1e12], in units of the mean variance of the principal
        components of the predictor: lambda is alpha times the mean of the squared singular values
        that are not 0.
    random_state : int or None, default=0
        Seed of the folds, which are the same for all networks. None is for
        blocks of consecutive samples, as for time series.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    Of unrelated networks it is about 0, whatever their widths. A network predicts itself perfectly
    if there are more training samples than dimensions, and not otherwise. Samples in another
    order are in other folds; draws of :func:`netrep_go.inference.bootstrap` leave each sample in
    its fold. Fewer samples than folds give NaN. For models of responses with more choices see
    :class:`netrep_go.encoding.EncodingModel`.

    References
    ----------
    Golub, Heath & Wahba (1979). Generalized Cross-Validation as a Method for Choosing a
    Good Ridge Parameter. Technometrics 21, 215-223.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import RidgePredictivity
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 4))
    >>> Y = np.column_stack([X[:, 0], rng.standard_normal((100, 20))])
    >>> print(round(RidgePredictivity().score(X, Y), 2))
    0.08
    >>> print(round(RidgePredictivity(score_method="r").score(X, Y), 2))
    0.19
    """

    def __init__(
        self,
        predictor: Literal["X", "Y"] = "Y",
        score_method: Literal["r2", "r"] = "r2",
        cv: int = 5,
        alphas: Sequence[float] = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4),
        random_state: int | None = 0,
    ) -> None:
        self.predictor = predictor
        self.score_method = score_method
        self.cv = cv
        self.alphas = alphas
        self.random_state = random_state

    def _check_parameters(self) -> None:
        check_integer(self.cv, "cv", 2)
        if self.random_state is not None:
            check_seed(self.random_state, "random_state")
        if not len(self.alphas):
            raise ValueError("alphas must have at least one penalty, got none")
        for k, alpha in enumerate(self.alphas):
            check_number(alpha, f"alphas[{k}]", 1e-12, 1e12)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        whole = self.score_method == "r2"
        return Properties(
            kind="similarity",
            range=(-np.inf if whole else -1, 1),
            invariances={"permutation", "scale", "translation"}
            | ({"rotation"} if whole else set()),
            cost="n p^2 cv",
            reference="Golub et al. 1979",
        )

    _fold_of: np.ndarray | None = None  # the fold of each sample, if these are a draw of others

    def _of_samples(self, rows: np.ndarray, n: int) -> Self:
        """Leave each sample in its fold, for folds drawn anew are another estimate."""
        fold_of = np.empty(n, int)
        for k, test in enumerate(self._tests(n)):
            fold_of[test] = k
        measure = clone(self)
        measure._fold_of = fold_of[rows]
        return measure

    def _prepare(self, x: np.ndarray, name: str) -> _Foldable | Undefined:
        tests = self._tests(len(x))
        if len(x) < self.cv or len(tests) < 2:
            return Undefined(f"{len(x)} samples are too few for cv={self.cv} folds")
        found = principal(x, name)
        if isinstance(found, Undefined):
            return found
        coordinates = found.basis * found.sizes
        folds = [_fold(coordinates, test, found.sizes[0]) for test in tests]
        # rotations of the targets do not change their total R2
        targets = coordinates if self.score_method == "r2" else found.matrix
        return _Foldable(coordinates, targets, folds)

    def _tests(self, n: int) -> list[np.ndarray]:
        """Return the samples of each fold."""
        if self._fold_of is not None:
            tests = [np.flatnonzero(self._fold_of == k) for k in range(self.cv)]
            return [test for test in tests if len(test)]
        order = np.arange(n)
        if self.random_state is not None:
            np.random.RandomState(self.random_state).shuffle(order)
        return [np.sort(part) for part in np.array_split(order, self.cv)]

    def _compare(self, x: _Foldable, y: _Foldable) -> float:
        one, other = self._in_order(x, y)
        sums = [
            _sums(*_held_out(fold, one.matrix, other.targets, self.alphas)) for fold in one.folds
        ]
        tt, pt, pp = np.sum(sums, axis=0)
        if self.score_method == "r2":
            return float(1 - np.sum(tt - 2 * pt + pp) / np.sum(tt))
        size = np.sqrt(tt) * np.sqrt(pp)
        r = np.divide(pt, size, out=np.zeros_like(pt), where=size > 0)
        return float(np.mean(r[tt > 0]))


def _fold(x: np.ndarray, test: np.ndarray, largest: float) -> _Fold:
    """Return a fold of a predictor whose largest singular value over all samples is given."""
    train = np.delete(x, test, axis=0)
    train -= train.mean(axis=0)
    _, sizes, axes = np.linalg.svd(train, full_matrices=False)
    kept = slice(rank_of(sizes, len(train), x.shape[1], largest))
    return _Fold(test, np.ascontiguousarray(axes[kept].T), sizes[kept])


def _held_out(
    fold: _Fold, x: np.ndarray, targets: np.ndarray, alphas: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions for the samples of a fold, less the training means."""
    test, sizes = fold.test, fold.sizes
    (train, given), (known, wanted) = (_split(z, test) for z in (x, targets))
    if not len(sizes):
        return wanted, np.zeros_like(wanted)
    inner = fold.axes.T @ (train.T @ known) / sizes[:, np.newaxis]
    penalty = _penalty(inner, known, sizes, np.asarray(alphas))
    gains = sizes / (sizes**2 + penalty)
    return wanted, given @ (fold.axes @ (inner * gains[:, np.newaxis]))


def _split(x: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return training and test samples, less the mean of the former."""
    train = np.delete(x, test, axis=0)
    mean = train.mean(axis=0)
    return train - mean, x[test] - mean


def _penalty(inner: np.ndarray, known: np.ndarray, sizes: np.ndarray, alphas: np.ndarray) -> float:
    """Return the penalty of the least generalized cross-validation error.

    ``inner`` are the targets ``known`` on the left singular vectors of the predictor.
    """
    penalties = np.mean(sizes**2) * alphas
    squares = np.einsum("ij,ij->i", inner, inner)
    free = len(known) - 1 - len(sizes)
    rest = max(float(np.vdot(known, known) - squares.sum()), 0.0) if free else 0.0
    left = penalties[:, np.newaxis] / (sizes**2 + penalties[:, np.newaxis])
    errors = (rest + left**2 @ squares) / (free + left.sum(axis=1)) ** 2
    return float(penalties[np.argmin(errors)])


def _sums(t: np.ndarray, p: np.ndarray) -> list[np.ndarray]:
    """Return sums of squares and products of targets and predictions."""
    return [np.einsum("ij,ij->j", a, b) for a, b in ((t, t), (p, t), (p, p))]
