"""Canonical correlations: their mean, of all directions, of the largest, or weighted."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from netrep_go._parameters import checked
from netrep_go._validation import check_integer, check_number
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._principal import Principal, on_basis, principal
from netrep_go.metrics._products import Traces
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["CCA", "PWCCA", "SVCCA"]

_EPS = np.finfo(float).eps


class _Directions(NamedTuple):
    """A network as its canonical correlations need it."""

    basis: np.ndarray  # orthonormal, of the directions that are compared
    remark: str | None


class _Loaded(NamedTuple):
    """A network whose features weight its canonical correlations."""

    basis: np.ndarray
    remark: str | None
    loadings: np.ndarray  # of the features on the basis


class _Canonical(Measure):
    """What has canonical correlations."""

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        return on_basis(prepared, order)

    @checked
    def correlations(self, X: ArrayLike, Y: ArrayLike) -> np.ndarray:
        """Return the canonical correlations, the largest first.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations of two networks to the same samples.

        Returns
        -------
        ndarray of shape (n_correlations,)
            Numbers in [0, 1], as many as the smaller number of dimensions.

        Raises
        ------
        ValueError
            If X or Y is not a finite, real matrix, they differ in samples, or one
            does not vary.

        Warns
        -----
        UserWarning
            If they are 1 whatever the networks respond, for lack of samples.
        """
        self._check_parameters()
        pairs = zip("XY", self._check_pair(X, Y), strict=True)
        x, y = self._prepared(list(pairs), 1)
        for network in (x, y):
            if isinstance(network, Undefined):
                raise ValueError(network.reason)
        return np.minimum(np.linalg.svd(x.basis.T @ y.basis, compute_uv=False), 1)


class CCA(_Canonical):
    r"""Mean of the canonical correlations of two networks, or of their squares.

    With orthonormal bases :math:`U_x, U_y` of the centered activations, the canonical
    correlations :math:`\rho_i` are the singular values of :math:`U_x^\top U_y`: how well linear
    combinations of the features of one network follow those of the other, over c pairs of
    directions, c being the smaller rank. The values are

    .. math:: \frac{1}{c} \sum_i \rho_i = \frac{1}{c} \|U_x^\top U_y\|_*
        \qquad \text{and} \qquad
        \frac{1}{c} \sum_i \rho_i^2 = \frac{1}{c} \|U_x^\top U_y\|_F^2

    Parameters
    ----------
    score_method : {'mean', 'mean_squared'}, default='mean'
        'mean_squared' is the :math:`R^2_\mathrm{CCA}` of Kornblith et al.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    Every direction counts alike, however little a network varies in it, so that few samples make
    everything alike: with ranks r and s and n samples, r + s - (n - 1) of the correlations are 1
    whatever the networks respond, and all of them are if a network has as many dimensions as
    the samples allow (n - 1); a warning says so. :class:`SVCCA` drops small directions. Of
    unrelated networks the mean squared correlation is about max(r, s) / (n - 1).

    Directions with at most max(n_samples, n_features, 16) eps of the largest variance do not
    count, that is, with a singular value below about 1e-7 of the largest (6e-8 of the smallest
    networks, 5e-7 of 1,000 samples): in activations of a float32 model they hold nothing but
    rounding. Scale features first if smaller ones mean something. Silent, constant and duplicated
    features change nothing.

    References
    ----------
    Hotelling (1936). Relations Between Two Sets of Variates. Biometrika 28, 321-377.

    Kornblith, Norouzi, Lee & Hinton (2019). Similarity of Neural Network
    Representations Revisited. ICML. arXiv:1905.00414.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import CCA
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 4))
    >>> Y = np.column_stack([X[:, 0] + X[:, 1], rng.standard_normal((100, 2))])
    >>> CCA().correlations(X, Y).round(2)
    array([1.  , 0.22, 0.1 ])
    >>> print(round(CCA().score(X, Y), 3), round(CCA("mean_squared").score(X, Y), 3))
    0.441 0.353
    """

    def __init__(self, score_method: Literal["mean", "mean_squared"] = "mean") -> None:
        self.score_method = score_method

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            range=(0, 1),
            symmetric=True,
            invariances={"permutation", "rotation", "linear", "scale", "translation"},
            cost="n p^2",
            reference="Hotelling 1936; Kornblith et al. 2019, arXiv:1905.00414",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Directions | Undefined:
        found = principal(x, name)
        if isinstance(found, Undefined):
            return found
        return _Directions(found.basis, _remark(found))

    def _traces(self, x: _Directions, side: str) -> Traces | None:
        if self.score_method != "mean_squared":
            return None
        return Traces.of_axes(x.basis, np.ones(x.basis.shape[1]))

    def _line(self, x: _Directions, y: _Directions) -> tuple[float, float]:
        return 0.0, 1 / min(x.basis.shape[1], y.basis.shape[1])

    def _compare(self, x: _Directions, y: _Directions) -> float:
        product = x.basis.T @ y.basis
        squared = self.score_method == "mean_squared"
        total = np.vdot(product, product) if squared else _sum_of_singular(product)
        return min(total / min(product.shape), 1.0)


class SVCCA(_Canonical):
    r"""Mean canonical correlation of the largest principal components of two networks.

    Each network is reduced to the fewest principal components with a share of its variance, or
    to a number of them; the value is the mean of their canonical correlations, as in
    :class:`CCA`.

    Parameters
    ----------
    n_components : int or float, default=0.99
        As in :class:`sklearn.decomposition.PCA`: a share of the variance, in (0, 1], or
        a number of components.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    The share is that of the variances added up, of each network by itself. (ReSi's SVCCA keeps
    one component always: it compares shares with a threshold times the total variance.
    platonic-rep's first divides each feature by its standard deviation and takes a randomized
    decomposition.) A network with fewer dimensions than ``n_components`` is an undefined
    case, and gives NaN. Where the variances of the last component kept and of the first one
    dropped are the same, rounding decides which is which; a warning says so. So does
    one where more components are kept than the samples can tell apart: see :class:`CCA`.

    References
    ----------
    Raghu, Gilmer, Yosinski & Sohl-Dickstein (2017). SVCCA: Singular Vector Canonical
    Correlation Analysis for Deep Learning Dynamics and Interpretability. NeurIPS 30.
    arXiv:1706.05806.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import SVCCA
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 100, 20)) * 0.7 ** np.arange(20)
    >>> print(round(SVCCA().score(X, Y), 3), round(SVCCA(0.9).score(X, Y), 3))
    0.233 0.19
    >>> SVCCA(2).correlations(X, Y).round(2)
    array([0.21, 0.09])
    """

    def __init__(self, n_components: int | float = 0.99) -> None:
        self.n_components = n_components

    def _check_parameters(self) -> None:
        if isinstance(self.n_components, (float, np.floating)):
            check_number(self.n_components, "n_components", np.nextafter(0, 1), 1)
        else:
            check_integer(self.n_components, "n_components", 1)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            range=(0, 1),
            symmetric=True,
            invariances={"permutation", "rotation", "scale", "translation"},
            cost="n p^2",
            reference="Raghu et al. 2017, arXiv:1706.05806",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Directions | Undefined:
        found = principal(x, name)
        if isinstance(found, Undefined):
            return found
        k = self._n_kept(found.sizes)
        if k > found.rank:
            return Undefined(
                f"{name} varies in {found.rank} dimensions, which is less than "
                f"n_components={self.n_components}"
            )
        kept = found._replace(basis=found.basis[:, :k].copy(), sizes=found.sizes[:k])
        return _Directions(kept.basis, _remark(kept) or _remark_of_ties(found.sizes, k, name))

    def _n_kept(self, sizes: np.ndarray) -> int:
        if not isinstance(self.n_components, (float, np.floating)):
            return int(self.n_components)
        if self.n_components == 1:
            return len(sizes)
        variances = np.cumsum(sizes**2)
        enough = self.n_components * variances[-1] * (1 - 1e-12)  # which rounding may miss
        return int(np.searchsorted(variances, enough)) + 1

    def _compare(self, x: _Directions, y: _Directions) -> float:
        product = x.basis.T @ y.basis
        return min(_sum_of_singular(product) / min(product.shape), 1.0)


class PWCCA(_Canonical):
    r"""Mean of the canonical correlations, each weighted by its part in one of the networks.

    With the canonical directions :math:`h_i` of one network, which are orthonormal vectors over
    samples, and its centered features :math:`x_j`,

    .. math:: \frac{\sum_i \alpha_i \rho_i}{\sum_i \alpha_i}, \qquad
        \alpha_i = \sum_j |\langle h_i, x_j \rangle|

    over the min(r, s) correlations of networks of ranks r and s, as defined by Morcos et al.

    Parameters
    ----------
    weights : {'X', 'Y'}, default='X'
        The network whose directions and features give the weights. The two values
        differ, so that the measure is **not symmetric**.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    Directions of equal correlation are arbitrary in the space that they span, and their weights
    with them: those of 1 among few samples (see :class:`CCA`), or those of 0. Each
    then has the mean of its weight over all choices of them, so that the value does not
    depend on rounding. Correlations count as equal up to 1e-8.

    Packages disagree about this measure: Google's code, and ReSi's copy of it, lets the narrower
    network weight whatever the order, adds means back to the directions, and fails where
    the second network is narrower; sim_metric returns 1 minus the value.

    References
    ----------
    Morcos, Raghu & Bengio (2018). Insights on Representational Similarity in Neural
    Networks with Canonical Correlation. NeurIPS 31. arXiv:1806.05759.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import PWCCA
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 4)) * [3, 1, 1, 1]
    >>> Y = np.column_stack([X[:, 0], rng.standard_normal((100, 2))])
    >>> print(round(PWCCA().score(X, Y), 2), round(PWCCA(weights="Y").score(X, Y), 2))
    0.58 0.6
    """

    def __init__(self, weights: Literal["X", "Y"] = "X") -> None:
        self.weights = weights

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            range=(0, 1),
            invariances={"permutation", "scale", "translation"},
            cost="n p^2",
            reference="Morcos et al. 2018, arXiv:1806.05759",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Loaded | Undefined:
        found = principal(x, name)
        if isinstance(found, Undefined):
            return found
        return _Loaded(found.basis, _remark(found), found.basis.T @ found.matrix)

    def _compare(self, x: _Loaded, y: _Loaded) -> float:
        one, other = (x, y) if self.weights == "X" else (y, x)
        product, loadings = one.basis.T @ other.basis, one.loadings
        rho, parts = _apart(product, loadings) or _in_ties(product, loadings)
        return min(float(rho @ parts / parts.sum()), 1.0)


def _remark(found: Principal) -> str | None:
    """Return what to say of a network with which any other has correlations of 1."""
    n = len(found.basis)
    if found.rank < n - 1:
        return None
    return (
        f"more features than samples: networks with all {n - 1} dimensions that {n} samples allow "
        "have canonical correlations of 1 with any other, whatever they respond: take more samples "
        "or fewer principal components (SVCCA)"
    )


def _remark_of_ties(sizes: np.ndarray, k: int, name: str) -> str | None:
    """Return what to say where rounding decides which components are kept."""
    if k == len(sizes) or sizes[k - 1] - sizes[k] > 1e-9 * sizes[k]:
        return None
    return (
        f"components {k} and {k + 1} of {name} have the same variance, and only one of them is "
        "kept: the value depends on which. Take another n_components"
    )


def _sum_of_singular(product: np.ndarray) -> float:
    """Return the sum of the singular values, to 1e-12 of their number.

    The eigenvalues of the smaller Gram matrix take half the time, and are enough unless
    singular values are next to 0. Their error is bounded as in core/linalg/gram.go.
    """
    product = product if product.shape[0] >= product.shape[1] else product.T
    squares = np.linalg.eigvalsh(product.T @ product)
    error = max(16, 2 * np.sqrt(len(product))) * _EPS * squares[-1]
    if squares[0] > error:
        singular = np.sqrt(squares)
        if error * np.sum(1 / singular) <= 1e-12 * len(singular):
            return float(singular.sum())
    return float(np.linalg.svd(product, compute_uv=False).sum())


_FAR = 1e-7  # how far squared correlations are apart at least where an eigensolver is enough


def _apart(product: np.ndarray, loadings: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return correlations and weights from the eigenvectors of the smaller Gram matrix.

    None where squared correlations are so close to each other, or to the 0 of directions
    that have no partner, that their directions would lose digits.
    """
    r, s = product.shape
    squares, axes = np.linalg.eigh(product @ product.T if r <= s else product.T @ product)
    if np.min(np.diff(squares), initial=1) < _FAR or (r > s and squares[0] < _FAR):
        return None
    rho = np.sqrt(np.maximum(squares, 0))
    inner = axes.T @ loadings if r <= s else (product @ axes / rho).T @ loadings
    return rho, np.abs(inner).sum(axis=1)


def _in_ties(product: np.ndarray, loadings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return correlations and weights, which directions of equal correlation share."""
    axes, found, _ = np.linalg.svd(product, full_matrices=True)
    rho = np.zeros(len(axes))
    rho[: len(found)] = found
    starts = np.flatnonzero(np.diff(rho, prepend=np.inf) < -1e-8)
    k = np.diff(starts, append=len(rho))
    squares = np.add.reduceat((axes.T @ loadings) ** 2, starts, axis=0)
    parts = np.repeat(_mean_share(k) * np.sqrt(squares).sum(axis=1), k)
    return found, parts[: len(found)]


def _mean_share(k: np.ndarray) -> np.ndarray:
    """Return the mean absolute coordinate of unit vectors in k dimensions."""
    share: np.ndarray = np.exp(gammaln(k / 2) - gammaln((k + 1) / 2)) / np.sqrt(np.pi)
    return share
