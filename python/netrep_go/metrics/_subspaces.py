"""Distances and overlaps of the spaces that two networks span among all functions of samples."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netrep_go._validation import check_number
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._principal import on_basis, principal
from netrep_go.metrics._products import Traces
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["GULP", "EigenspaceOverlap"]

_CLOSE = 1e-6  # relative squared distance below which differences are taken entry by entry


class _Shrunk(NamedTuple):
    """A network as GULP compares it: projections on its axes, shrunk."""

    root: np.ndarray  # times its transpose is the matrix of the predictions
    square: float  # squared norm of that matrix
    remark: str | None


class GULP(Measure):
    r"""Uniform linear probing: how far apart ridge predictions from two networks can be.

    With centered activations that are scaled to Frobenius norm :math:`\sqrt n`,
    :math:`\Sigma_x = X^\top X / n` and :math:`\Sigma_{xy} = X^\top Y / n`,

    .. math:: d^2 = \mathrm{tr} (\Sigma_x^{-\lambda} \Sigma_x)^2
        + \mathrm{tr} (\Sigma_y^{-\lambda} \Sigma_y)^2
        - 2 \, \mathrm{tr} (\Sigma_x^{-\lambda} \Sigma_{xy} \Sigma_y^{-\lambda} \Sigma_{xy}^\top)
        = \|P_x - P_y\|_F^2

    where :math:`\Sigma^{-\lambda} = (\Sigma + \lambda I)^{-1}` and
    :math:`P_x = X \Sigma_x^{-\lambda} X^\top / n` takes any targets to their ridge
    predictions. At :math:`\lambda = 0` it is :math:`r + s - 2 \sum_i \rho_i^2`, for ranks r and s
    and canonical correlations :math:`\rho_i`.

    Parameters
    ----------
    regularization : float, default=0.0
        Lambda, in [0, 1e6]: compared with a total variance of 1. At 0 every direction
        counts alike, and any invertible linear map changes nothing; the larger it
        is, the more do those of large variance count.
    squared : bool, default=False
        Return d^2, which is no metric, instead of d, which is one.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    ReSi's Gulp is the squared form at 0, and is called a metric there: the triangle inequality
    holds for the root alone. Without regularization, directions with at most
    max(n_samples, n_features, 16) eps of the largest variance do not count (those with a
    singular value below about 1e-7 of the largest, 5e-7 of 1,000 samples), and networks with
    all dimensions that the samples allow (n_samples - 1) are at distance 0 from each
    other: a warning says so.

    References
    ----------
    Boix-Adsera, Lawrence, Stepaniants & Rigollet (2022). GULP: a prediction-based
    metric between representations. NeurIPS 35. arXiv:2210.06545.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import GULP
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 100, 4))
    >>> print(round(GULP().score(X, Y), 3), round(GULP(squared=True).score(X, Y), 3))
    2.772 7.683
    >>> print(round(GULP(regularization=0.1).score(X, Y), 3))
    1.971
    """

    def __init__(self, regularization: float = 0.0, squared: bool = False) -> None:
        self.regularization = regularization
        self.squared = squared

    def _check_parameters(self) -> None:
        check_number(self.regularization, "regularization", 0, 1e6)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        linear = {"linear"} if self.regularization == 0 else set()
        return Properties(
            kind="distance",
            range=(0, np.inf),
            symmetric=True,
            triangle=not self.squared,
            invariances={"permutation", "rotation", "scale", "translation"} | linear,
            cost="n p^2",
            reference="Boix-Adsera et al. 2022, arXiv:2210.06545",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Shrunk | Undefined:
        found = principal(x, name)
        if isinstance(found, Undefined):
            return found
        variances = found.sizes**2 / np.sum(found.sizes**2)
        kept = variances / (variances + self.regularization)
        alike = self.regularization == 0 and found.rank == len(x) - 1
        remark = (
            "more features than samples: networks with all "
            f"{len(x) - 1} dimensions that {len(x)} samples allow are at distance 0 from each "
            "other, whatever they respond: take more samples or regularization > 0"
        )
        root = found.basis * np.sqrt(kept)
        return _Shrunk(root, float(kept @ kept), remark if alike else None)

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        if isinstance(prepared, Undefined):
            return prepared
        return prepared._replace(root=prepared.root[order])

    def _traces(self, x: _Shrunk, side: str) -> Traces | None:
        if not self.squared:
            return None
        diagonal = np.einsum("ij,ij->i", x.root, x.root)
        return Traces(len(x.root), diagonal.sum(), x.square, diagonal @ diagonal)

    def _line(self, x: _Shrunk, y: _Shrunk) -> tuple[float, float]:
        return x.square + y.square, -2.0

    def _compare(self, x: _Shrunk, y: _Shrunk) -> float:
        product = x.root.T @ y.root
        total = x.square + y.square
        square = total - 2 * float(np.vdot(product, product))
        if square < _CLOSE * total:  # digits have cancelled
            square = _of_difference(x.root, y.root)
        return square if self.squared else float(np.sqrt(square))


def _of_difference(x: np.ndarray, y: np.ndarray) -> float:
    """Return the squared norm of x x' - y y', from its entries in the space that both span."""
    both = np.asarray(np.linalg.qr(np.hstack([x, y]), mode="r"))
    x, y = both[:, : x.shape[1]], both[:, x.shape[1] :]
    difference = x @ x.T - y @ y.T
    return float(np.vdot(difference, difference))


class _Spanned(NamedTuple):
    """A network as its overlap with others needs it."""

    basis: np.ndarray
    remark: str | None


class EigenspaceOverlap(Measure):
    r"""Overlap of the spaces that two networks span, without centering.

    With orthonormal bases :math:`U_x, U_y` of the columns of the activations, whose ranks are
    r and s,

    .. math:: \frac{\|U_x^\top U_y\|_F^2}{\max(r, s)}

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    Of unrelated networks without a common mean it is about min(r, s) / n_samples: among few
    samples everything overlaps, and networks with as many dimensions as there are
    samples overlap in full, of which a warning tells. ReSi divides by the larger width, which is
    the same unless features are silent or depend on each other.

    References
    ----------
    May, Zhang, Dao & Re (2019). On the Downstream Performance of Compressed Word
    Embeddings. NeurIPS 32. arXiv:1909.01264.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import EigenspaceOverlap
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 4))
    >>> print(round(EigenspaceOverlap().score(X, X[:, :3]), 3))
    0.75
    >>> print(round(EigenspaceOverlap().score(X, rng.standard_normal((100, 4))), 3))
    0.038
    """

    @property
    def properties(self) -> Properties:
        """What is true of the measure."""
        return Properties(
            kind="similarity",
            range=(0, 1),
            symmetric=True,
            invariances={"permutation", "rotation", "linear", "scale"},
            cost="n p^2",
            reference="May et al. 2019, arXiv:1909.01264",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Spanned | Undefined:
        found = principal(x, name, center=False)
        if isinstance(found, Undefined):
            return found
        remark = (
            f"more features than samples: networks with as many dimensions as the {len(x)} samples "
            "have an overlap of 1, whatever they respond: take more samples"
        )
        return _Spanned(found.basis, remark if found.rank == len(x) else None)

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        return on_basis(prepared, order)

    def _compare(self, x: _Spanned, y: _Spanned) -> float:
        product = x.basis.T @ y.basis
        return min(float(np.vdot(product, product)) / max(product.shape), 1.0)
