"""The covariance of cross-validated distances, which depends on the distances themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.spatial.distance import squareform

from netrep_go._parameters import checked
from netrep_go._sizes import of_order_one
from netrep_go._validation import as_array, check_integer, check_number, departure
from netrep_go.rsa._condensed import RDMs, n_conditions, named_vectors

__all__ = ["distance_covariance"]


@checked
def distance_covariance(
    rdm: RDMs, sigma: ArrayLike | None = None, *, n_folds: int, n_features: float
) -> np.ndarray:
    r"""Return the covariance of the entries of a crossnobis RDM, given the true distances.

    With contrasts :math:`c_a` of pairs a of conditions, M folds and p features whose noise
    is white [1]_ [2]_,

    .. math:: V_{ab} = \frac{4}{M p} \Delta_{ab} \Xi_{ab} + \frac{2}{M (M - 1) p} \Xi_{ab}^2,
        \qquad \Delta_{ab} = c_a^\top G c_b, \quad \Xi_{ab} = c_a^\top \Sigma c_b

    where G are the inner products of patterns, per feature, whose squared distances are the
    entries of ``rdm``. Large distances are measured with more error than small ones, which
    'cosine_cov' with ``sigma`` alone, the second term, does not know.

    Parameters
    ----------
    rdm : array_like of shape (n_pairs,) or (n_conditions, n_conditions)
        Expected distances per feature, as 'crossnobis' estimates them, such as a model's or
        the mean over subjects. What makes an inner product negative is taken for noise and
        set to 0.
    sigma : array_like of shape (n_conditions,) or (n_conditions, n_conditions), default=None
        Variances, or the covariance, of the estimates of patterns in one fold, per feature:
        after responses were whitened, one over the number of observations of each condition
        in a fold. None is the identity, that of one.
    n_folds : int
        Number of folds M, at least 2.
    n_features : float
        Number of features p; fewer, the effective number, where noise is correlated.

    Returns
    -------
    ndarray of shape (n_pairs, n_pairs)
        The covariance, positive definite, which :func:`compare` takes.

    Raises
    ------
    ValueError
        If there is more than one RDM, or entries are NaN, or ``sigma`` is no covariance.

    References
    ----------
    .. [1] Diedrichsen, Provost & Zareamoghaddam (2016). On the distribution of
       cross-validated Mahalanobis distances. arXiv:1607.01371
    .. [2] Diedrichsen, Berlot, Mur, Schütt, Shahbazi & Kriegeskorte (2021). Comparing
       representational geometries using whitened unbiased-distance-matrix similarity.
       Neurons, Behavior, Data analysis, and Theory 5(3). arXiv:2007.02789

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import compare, distance_covariance
    >>> model = np.array([4.0, 4.0, 0.0])                  # conditions 1 and 2 are the same
    >>> V = distance_covariance(model, n_folds=8, n_features=50)
    >>> V.round(3)
    array([[0.083, 0.041, 0.001],
           [0.041, 0.083, 0.001],
           [0.001, 0.001, 0.003]])
    >>> round(compare([3.5, 4.6, 0.1], model, "cosine_cov", covariance=V), 3)
    0.968
    """
    _, vectors = named_vectors(rdm, "rdm")
    if len(vectors) != 1:
        raise ValueError(f"rdm must be one RDM, got {len(vectors)}")
    check_integer(n_folds, "n_folds", 2)
    check_number(n_features, "n_features", 1, np.inf)
    n = n_conditions(vectors, "rdm")
    first, second = np.triu_indices(n, 1)

    def between_pairs(products: np.ndarray) -> np.ndarray:
        rows = products[first] - products[second]
        return rows[:, first] - rows[:, second]

    noise = between_pairs(_as_covariance(sigma, n))
    signal = between_pairs(_inner_products(vectors[0]))
    covariance = 4 / n_folds * signal * noise + 2 / (n_folds * (n_folds - 1)) * noise**2
    return np.asarray(covariance / n_features)


def _as_covariance(sigma: ArrayLike | None, n: int) -> np.ndarray:
    if sigma is None:
        return np.eye(n)
    noise = as_array(sigma, "sigma", 2 if np.ndim(sigma) == 2 else 1)
    if noise.shape not in ((n,), (n, n)):
        raise ValueError(f"sigma must have shape ({n},) or ({n}, {n}), got {noise.shape}")
    noise = np.diag(noise) if noise.ndim == 1 else noise
    _cholesky(noise, "sigma")
    return noise


def _inner_products(distances: np.ndarray) -> np.ndarray:
    """Return the inner products of centered patterns, without what is negative."""
    squares = squareform(distances)
    rows = squares.mean(axis=0)
    products = (rows + rows[:, np.newaxis] - rows.mean() - squares) / 2
    values, vectors = np.linalg.eigh(products)
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)


def _cholesky(covariance: np.ndarray, name: str) -> np.ndarray:
    if asymmetry := departure(covariance - covariance.T, covariance):
        raise ValueError(f"{name} must be symmetric, got entries {asymmetry:.3g} from their mirror")
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise ValueError(f"{name} must be positive definite") from None


def whitened(
    vectors: np.ndarray, argument: str, covariance: ArrayLike, *, centered: bool
) -> np.ndarray:
    """Return RDMs whose cosines are those in the metric of the inverse of a covariance.

    The mean of each is subtracted before if they are to be centered.
    """
    if np.isnan(vectors).any():
        raise ValueError(f"{argument} must not have NaN if there is a covariance of their entries")
    spread = as_array(covariance, "covariance", 2)
    n_pairs = vectors.shape[1]
    if spread.shape != (n_pairs, n_pairs):
        raise ValueError(
            f"covariance must have shape ({n_pairs}, {n_pairs}), of all entries, got {spread.shape}"
        )
    root = _cholesky(of_order_one(spread.reshape(1, -1)).reshape(spread.shape), "covariance")
    x = of_order_one(vectors)
    if centered:
        flat = np.ptp(x, axis=1) <= 1e-12
        x = np.where(flat[:, np.newaxis], 0.0, x - x.mean(axis=1, keepdims=True))
    if not x.any(axis=1).all():
        what = "entries that differ" if centered else "entries other than 0"
        raise ValueError(f"{argument}: every RDM must have {what}")
    return np.ascontiguousarray(solve_triangular(root, x.T, lower=True).T)
