"""What theory says of manifolds of simple shapes: oracles for estimates of capacity."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial.polynomial import polypow
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.signal import lfilter
from scipy.special import gammaincc, ndtr, ndtri
from scipy.stats import binom, qmc

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._names import check_same_indexes
from netrep_go._parameters import checked
from netrep_go._validation import as_array, as_reals, check_integer, check_number

_SHIFTS = 16  # random shifts of the points, from which the standard error comes
_CHI_TAIL = 12.0  # a chi variable is further from the root of its dimension with p < 1e-30
_FAR = 10.0  # standard deviations beyond which a tail is a series
_POINT = 1e-10  # radius that counts as none, far below the error
_GONE = 39.0  # where the density has underflowed
_HUGE = 1e100  # a margin that hides any manifold
_FEW = (1e-6, 1e-3, 0.1, 1.0)
_HALVINGS = 52


@checked
def point_capacity(kappa: ArrayLike = 0.0) -> Any:
    r"""Return the capacity of points: manifolds of one sample.

    .. math:: 1 / \alpha_0(\kappa) = \int_{-\kappa}^\infty (t + \kappa)^2 Dt
              = (1 + \kappa^2) \Phi(\kappa) + \kappa \phi(\kappa),

    with the Gaussian measure Dt, its density and its cumulative distribution [1]_.

    Parameters
    ----------
    kappa : float or array_like, default=0.0
        Margin, in units of the center's norm per standard deviation of the field.

    Returns
    -------
    capacity : float or ndarray
        Points per feature that have a hyperplane with margin `kappa`, for random labels.

    Raises
    ------
    ValueError
        If a margin is not finite.

    References
    ----------
    .. [1] Gardner, E. (1988). The space of interactions in neural network models. J. Phys.
       A 21, 257.

    Examples
    --------
    >>> from netrep_go.capacity import point_capacity
    >>> round(float(point_capacity(0.0)), 6), round(float(point_capacity(1.0)), 6)
    (2.0, 0.519572)
    """
    kappa = _finite(kappa, "kappa")
    return _inverse(_squared_tail(kappa))


@checked
def ball_capacity(radius: ArrayLike, dimension: ArrayLike, kappa: ArrayLike = 0.0) -> Any:
    r"""Return the capacity of balls.

    A projection on the cone over a ball has a closed form, which leaves an integral over the
    length r of the draw within the ball's `dimension` D [1]_:

    .. math:: \frac1{\alpha} = \int \chi_D(r)\, dr \left[ \int_{a}^{b}
              \frac{(b - t)^2}{1 + R^2} Dt + \int_{-\infty}^{a} ((t - \kappa)^2 + r^2) Dt
              \right], \quad a = \kappa - r / R, \quad b = \kappa + r R.

    A ball of dimension 1 is a segment, with :math:`1 / \alpha = 1/2 + (2/\pi) \arctan R` at
    margin 0, and one of dimension 2 a disc. The arguments broadcast.

    Parameters
    ----------
    radius : float or array_like
        Radius R >= 0, in units of the norm of the ball's center.
    dimension : float or array_like
        Dimension D >= 0, which need not be an integer: a manifold with this radius and
        dimension is compared with the ball of the same.
    kappa : float or array_like, default=0.0
        Margin, as in :func:`point_capacity`.

    Returns
    -------
    capacity : float or ndarray
        Balls per feature.

    Raises
    ------
    ValueError
        If a radius or dimension is negative or an argument is not finite.

    References
    ----------
    .. [1] Chung, S., Lee, D. D. & Sompolinsky, H. (2016). Linear readout of object
       manifolds. Phys. Rev. E 93, 060301.

    Examples
    --------
    >>> from netrep_go.capacity import ball_capacity
    >>> round(float(ball_capacity(1.0, 10)), 5)   # 2 / (D + 1)
    0.18182
    >>> ball_capacity([0.1, 0.5, 2.0], 5, kappa=0.5).round(5)
    array([0.73545, 0.35327, 0.18954])
    """
    check_same_indexes([("radius", radius), ("dimension", dimension)], "manifolds", axis=-1)
    radius, dimension = _not_negative(radius, "radius"), _not_negative(dimension, "dimension")
    kappa = _finite(kappa, "kappa")
    _check_broadcast(radius=radius, dimension=dimension, kappa=kappa)
    return _inverse(_inverse_of_balls(radius, dimension, kappa))


@checked
def ellipsoid_capacity(
    radii: ArrayLike,
    kappa: float = 0.0,
    *,
    n_t: int = 2**14,
    random_state: RandomState = None,
) -> tuple[float, float]:
    r"""Return the capacity of ellipsoids, and its standard error.

    The projection of a draw (x, z) on the cone over an ellipsoid with radii :math:`R_i` is
    that of one equation in :math:`\nu > 0`,

    .. math:: p_i = \frac{x_i R_i^2}{R_i^2 + \nu}, \quad p_z = \frac{z}{1 - \nu}, \quad
              \sum_i (p_i / R_i)^2 = p_z^2,

    unless the draw is inside the cone or its polar. The mean of the squared lengths is taken
    over Sobol's points, shifted at random 16 times: their spread is the standard error,
    smaller than that of as many independent draws.

    Parameters
    ----------
    radii : array_like of shape (n_axes,)
        Radii, not negative, in units of the norm of the center.
    kappa : float, default=0.0
        Margin, as in :func:`point_capacity`.
    n_t : int, default=16384
        Number of draws, rounded up to 16 times a power of two.
    random_state : int, RandomState, Generator or None, default=None
        Determines the shifts.

    Returns
    -------
    capacity : float
        Ellipsoids per feature.
    standard_error : float
        Of the capacity.

    Raises
    ------
    ValueError
        If a radius is negative or not finite, or `n_t` is not positive.

    Examples
    --------
    >>> from netrep_go.capacity import ellipsoid_capacity
    >>> capacity, error = ellipsoid_capacity([1.0, 0.5], random_state=0)
    >>> round(capacity, 3), error < 0.001
    (0.785, True)
    """
    radii = as_array(radii, "radii", ndim=1)
    radii = _not_negative(radii, "radii")
    check_number(kappa, "kappa", -np.finfo(float).max, np.finfo(float).max)
    check_integer(n_t, "n_t", 1)
    rng = as_random_state(random_state)
    radii = radii[radii > _POINT]
    n_bits = max(0, int(np.ceil(np.log2(n_t / _SHIFTS))))
    points = qmc.Sobol(len(radii) + 1, scramble=False).random_base2(n_bits)
    means = [
        _squared_projection(_gaussian(points, rng), radii, kappa).mean() for _ in range(_SHIFTS)
    ]
    inverse, error = np.mean(means), np.std(means, ddof=1) / np.sqrt(_SHIFTS)
    capacity = float(_inverse(inverse))
    return capacity, float(error * capacity**2) if inverse > 0 else np.inf


@checked
def cover_separability(
    n_points: ArrayLike, n_features: ArrayLike, *, fit_intercept: bool = True
) -> Any:
    r"""Return the fraction of labelings of points that a hyperplane separates.

    For points in general position, whatever their distribution [1]_,

    .. math:: p = 2^{1 - P} \sum_{k=0}^{n - 1} \binom{P - 1}{k},

    without intercept; an intercept counts as one more feature. The arguments broadcast.

    Parameters
    ----------
    n_points, n_features : int or array_like of int
        Numbers P and n.
    fit_intercept : bool, default=True
        Whether hyperplanes need not go through the origin.

    Returns
    -------
    separability : float or ndarray
        Fraction of the 2^P labelings.

    Raises
    ------
    TypeError
        If a number is no integer.
    ValueError
        If a number is below 1.

    References
    ----------
    .. [1] Cover, T. M. (1965). Geometrical and statistical properties of systems of linear
       inequalities with applications in pattern recognition. IEEE Trans. Electron.
       Comput. 14, 326-334.

    Examples
    --------
    >>> from netrep_go.capacity import cover_separability
    >>> cover_separability(20, [8, 9, 10]).round(4)
    array([0.3238, 0.5   , 0.6762])
    """
    check_same_indexes([("n_points", n_points), ("n_features", n_features)], "entries", axis=-1)
    n_points, n_features = _counts(n_points, "n_points", 1), _counts(n_features, "n_features", 0)
    _check_broadcast(n_points=n_points, n_features=n_features)
    return binom.cdf(n_features - 1 + bool(fit_intercept), n_points - 1, 0.5)


@checked
def segment_separability(n_manifolds: int, n_features: ArrayLike, radius: float) -> Any:
    r"""Return the fraction of labelings of segments that a hyperplane through 0 separates.

    Exact for a finite number of segments in random directions, by
    :func:`conic_separability`: the cone over a segment is a sector of angle
    :math:`\beta = 2 \arctan R`, with intrinsic volumes
    :math:`(1/2 - \beta / 2\pi, 1/2, \beta / 2\pi)`.

    Parameters
    ----------
    n_manifolds : int
        Number of segments.
    n_features : int or array_like of int
        Number of features, in which centers and directions are uniformly distributed.
    radius : float
        Half of the length, in units of the norm of the center.

    Returns
    -------
    separability : float or ndarray
        Fraction of labelings, for each number of features.

    Raises
    ------
    TypeError
        If a number is no integer.
    ValueError
        If a number is below 1, or the radius is negative.

    Examples
    --------
    >>> from netrep_go.capacity import segment_separability
    >>> segment_separability(12, [10, 12, 14], radius=1.0).round(4)
    array([0.2024, 0.5   , 0.7976])
    """
    check_number(radius, "radius", 0.0, np.inf)
    sector = np.arctan(radius) / np.pi
    return conic_separability([0.5 - sector, 0.5, sector], n_manifolds, n_features)


@checked
def disc_separability(n_manifolds: int, n_features: ArrayLike, radius: float) -> Any:
    r"""Return the fraction of labelings of discs that a hyperplane through 0 separates.

    As :func:`segment_separability`, for discs: circular cones of half angle
    :math:`\theta = \arctan R`, with intrinsic volumes :math:`v_3 = (1 - \cos\theta) / 2`,
    :math:`v_2 = \sin\theta / 2`, :math:`v_1 = 1/2 - v_3` and :math:`v_0 = 1/2 - v_2`.

    Parameters
    ----------
    n_manifolds : int
        Number of discs.
    n_features : int or array_like of int
        Number of features, in which centers and planes are uniformly distributed.
    radius : float
        Radius, in units of the norm of the center.

    Returns
    -------
    separability : float or ndarray
        Fraction of labelings, for each number of features.

    Raises
    ------
    TypeError
        If a number is no integer.
    ValueError
        If a number is below 1, or the radius is negative.

    Examples
    --------
    >>> from netrep_go.capacity import disc_separability
    >>> disc_separability(10, [12, 15, 18], radius=1.0).round(4)
    array([0.1465, 0.5   , 0.8535])
    """
    check_number(radius, "radius", 0.0, np.inf)
    angle = np.arctan(radius)
    v3, v2 = (1 - np.cos(angle)) / 2, np.sin(angle) / 2
    return conic_separability([0.5 - v2, 0.5 - v3, v2, v3], n_manifolds, n_features)


@checked
def conic_separability(volumes: ArrayLike, n_manifolds: int, n_features: ArrayLike) -> Any:
    r"""Return the fraction of labelings of cones in random directions that are separable.

    The intrinsic volumes of the product of P cones are those of one, convolved P times, and
    a random subspace of n dimensions misses a cone with probability [1]_

    .. math:: p = 2 (w_{n-1} + w_{n-3} + \dots), \quad w = v * v * \dots * v.

    Parameters
    ----------
    volumes : array_like of shape (dimension + 1,)
        Conic intrinsic volumes v of each manifold: the probability that a Gaussian draw
        projects onto a face of 0, 1, ... dimensions of the cone over it.
    n_manifolds : int
        Number of manifolds P. With 1, `volumes` may be those of a cone over all of them.
    n_features : int or array_like of int
        Number of features n.

    Returns
    -------
    separability : float or ndarray
        Fraction of labelings, for each number of features.

    Raises
    ------
    ValueError
        If `volumes` are not probabilities that add up to 1, or are those of a subspace.

    References
    ----------
    .. [1] Amelunxen, D., Lotz, M., McCoy, M. B. & Tropp, J. A. (2014). Living on the edge:
       phase transitions in convex programs with random data. Inf. Inference 3, 224-294.

    Examples
    --------
    >>> from netrep_go.capacity import conic_separability, cover_separability
    >>> conic_separability([0.5, 0.5], 20, [9, 10, 11]).round(4)   # points
    array([0.3238, 0.5   , 0.6762])
    >>> cover_separability(20, [9, 10, 11], fit_intercept=False).round(4)
    array([0.3238, 0.5   , 0.6762])
    """
    volumes = as_array(volumes, "volumes", ndim=1)
    if volumes.min() < 0 or abs(volumes.sum() - 1) > 1e-6:
        raise ValueError(
            f"volumes must be probabilities that add up to 1, got a sum of {volumes.sum():g} and "
            f"a least value of {volumes.min():g}"
        )
    if abs(volumes[::2].sum() - 0.5) > 1e-6:
        raise ValueError(
            "volumes of even dimension must add up to 1/2, as those of every cone but a subspace "
            f"do, got {volumes[::2].sum():g}"
        )
    check_integer(n_manifolds, "n_manifolds", 1, 10**5)  # the time grows with the square
    n_features = _counts(n_features, "n_features", 0)
    products = polypow(volumes, n_manifolds)
    separability = np.append(0.0, 2 * lfilter([1.0], [1.0, 0.0, -1.0], products))
    within = np.minimum(n_features, len(separability) - 1)
    return np.where(n_features < len(separability), separability[within], 1.0)[()]


def _squared_tail(x: Any) -> Any:
    """Return the integral of (x - t)^2 over Gaussian t up to x."""
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(over="ignore"):
        near = (1 + x**2) * ndtr(x) + x * _density(x)
        return np.where(x < -_FAR, _density(x) * _far_tail(np.minimum(x, -_FAR)), near)


def _far_tail(x: np.ndarray) -> np.ndarray:
    """Return the asymptotic series of _squared_tail / density, whose terms cancel far out."""
    term = 2 / np.abs(x) ** 3
    total = term
    for n in range(1, 30):
        term = -term * (2 * n + 2) * (2 * n + 1) / (2 * n * x**2)
        total = total + term
    return total


def _density(x: Any) -> Any:
    return np.exp(-(np.minimum(np.abs(x), _GONE) ** 2) / 2) / np.sqrt(2 * np.pi)


def _vectorized(function: Callable[..., float]) -> Callable[..., Any]:
    return np.vectorize(function, otypes=[float])


@_vectorized
def _inverse_of_balls(radius: float, dimension: float, kappa: float) -> float:
    """Return 1 / alpha of balls, by quadrature over the length of a draw.

    By parts: the derivative of the squared projection is smooth where the density of the
    length is singular, in less than one dimension.
    """
    if radius == 0 or dimension == 0 or kappa > _HUGE:
        return float(_squared_tail(kappa))
    low = max(0.0, np.sqrt(dimension) - _CHI_TAIL)
    high = np.sqrt(dimension) + _CHI_TAIL
    # near r = 0 the draw may be inside the cone, which narrow cones make a narrow peak, and
    # the length of draws in few dimensions is near 0
    bends = sorted({radius, 6 * radius, radius * abs(kappa), np.sqrt(dimension), *_FEW})

    def integral(function: Callable[[float], float], start: float, stop: float) -> float:
        points = [x for x in bends if start < x < stop]
        return quad(function, start, stop, points=points, limit=400, epsabs=0, epsrel=1e-11)[0]

    def slope(r: float) -> float:
        return _ball_slope(r, radius, kappa)

    def likely_slope(r: float) -> float:
        return gammaincc(dimension / 2, r**2 / 2) * slope(r)

    sure = integral(slope, 0.0, low) if low > 0 else 0.0
    return float(_squared_tail(kappa)) + sure + integral(likely_slope, low, high)


def _ball_slope(r: float, radius: float, kappa: float) -> float:
    """Return the derivative by r of the squared projection of a draw of length r in the ball.

    That is twice the projection's part there, averaged over the part along the center.
    """
    scale = math.hypot(1, radius)
    with np.errstate(over="ignore"):
        inside, outside = kappa - np.float64(r) / radius, kappa + r * radius
    touching = _tail(outside) - _tail(inside)
    within = ndtr(inside)
    if within > 0:
        touching -= (outside - inside) * within
    return float(2 * (touching / scale * (radius / scale) + r * within))


def _tail(x: float) -> float:
    """Return the integral of x - t over Gaussian t up to x."""
    return max(x, -_GONE) * ndtr(x) + _density(x)


def _gaussian(points: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Return normal draws from points of the unit cube, shifted at random."""
    shifted = (points + rng.uniform(size=points.shape[1])) % 1.0
    return ndtri(np.maximum(shifted, np.finfo(float).tiny))


def _squared_projection(t: np.ndarray, radii: np.ndarray, kappa: float) -> np.ndarray:
    """Return the squared lengths of projections on the cone over an ellipsoid.

    With w = 1 / (1 + nu), the equation is that an increasing function of w in [0, 1] vanishes,
    for draws outside the cone. Those in its polar have no root: w goes to 0, and so does the
    projection.
    """
    x, z = t[:, :-1], t[:, -1] + kappa
    low, high = np.zeros(len(t)), np.ones(len(t))
    for _ in range(_HALVINGS):
        w = (low + high) / 2
        below = (2 * w - 1) * _height(x, radii, w) < z
        low, high = np.where(below, w, low), np.where(below, high, w)
    w_ = w[:, None]
    with np.errstate(over="ignore"):
        weights = w_ / (w_ + (1 - w_) / radii / radii)
    touching = (x**2 * weights).sum(axis=1) + z * w * _height(x, radii, w)
    with np.errstate(over="ignore"):
        inside = np.linalg.norm(x / radii, axis=1) <= z
    return np.where(inside, (x**2).sum(axis=1) + z**2, touching)


def _height(x: np.ndarray, radii: np.ndarray, w: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.linalg.norm(x / (radii * w[:, None] + (1 - w[:, None]) / radii), axis=1)


def _inverse(x: np.ndarray) -> Any:
    """Return 1 / x, infinite where a very negative margin leaves nothing."""
    with np.errstate(divide="ignore"):
        return (1.0 / np.maximum(x, 0.0))[()]


def _finite(x: ArrayLike, name: str) -> np.ndarray:
    x = as_reals(x, name).astype(np.float64)
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite, got {x[~np.isfinite(x)][0]}")
    return x


def _not_negative(x: ArrayLike, name: str) -> np.ndarray:
    x = _finite(x, name)
    if x.size and x.min() < 0:
        raise ValueError(f"{name} must not be negative, got {x.min():g}")
    return x


def _check_broadcast(**arrays: np.ndarray) -> None:
    try:
        np.broadcast_shapes(*(x.shape for x in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {x.shape}" for name, x in arrays.items())
        raise ValueError(f"arguments must have shapes that broadcast, got {shapes}") from None


def _counts(x: ArrayLike, name: str, low: int) -> np.ndarray:
    x = as_reals(x, name)
    if not np.issubdtype(x.dtype, np.integer):
        raise TypeError(f"{name} must be an integer, got {x.dtype} values")
    if x.size and x.min() < low:
        raise ValueError(f"{name} must be at least {low}, got {x.min()}")
    return x
