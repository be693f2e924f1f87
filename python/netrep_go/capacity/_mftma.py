"""mftma's two functions, on its arrays of shape (n_features, n_samples)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import RandomState
from netrep_go._names import check_same_indexes, names_or_numbers, split_names
from netrep_go._parameters import checked
from netrep_go._sizes import exponents
from netrep_go._validation import as_matrix, check_integer, check_number
from netrep_go.capacity._correlation import variance_limit
from netrep_go.capacity._geometry import explained_variance_dimension, participation_ratio
from netrep_go.capacity._manifolds import as_manifolds
from netrep_go.capacity._meanfield import MeanFieldCapacity

Arrays = Sequence[ArrayLike] | Mapping[Any, ArrayLike]


@checked
def manifold_analysis_corr(
    XtotT: Arrays,
    kappa: float,
    n_t: int,
    t_vecs: Sequence[ArrayLike] | None = None,
    n_reps: int = 10,
    *,
    k_min: int = 1,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, int]:
    """Measure the capacity, radius and dimension of manifolds by mean-field theory.

    Parameters
    ----------
    XtotT : list or dict of array_like of shape (n_features, n_samples_i)
        Manifolds. The index of a DataFrame, which names features, is not used.
    kappa : float
        Margin.
    n_t : int
        Number of Gaussian vectors for each manifold.
    t_vecs : sequence of array_like of shape (D_i + 1, n_t), default=None
        Vectors to use, D_i being the smaller of n_samples_i and n_features.
    n_reps : int, default=10
        Starts of the search for each number of correlated directions.
    k_min : int, default=1
        Smallest number of directions to remove. mftma always removes one; with 0 none
        is removed where the centers are not correlated.
    random_state : int, RandomState, Generator or None, default=None
        Determines the vectors and the starts.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show progress bars.

    Returns
    -------
    a_Mfull_vec : ndarray of shape (n_manifolds,)
        Capacities; their average is ``1 / np.mean(1 / a_Mfull_vec)``.
    R_M_vec : ndarray of shape (n_manifolds,)
        Radii.
    D_M_vec : ndarray of shape (n_manifolds,)
        Dimensions: ``dimension_cos`` of :class:`~netrep_go.capacity.ManifoldGeometry`.
    res_coeff0 : float
        Mean absolute correlation of the centers, before the removal.
    KK : int
        Number of directions that were removed.

    Raises
    ------
    ValueError
        If there are fewer than two manifolds, one has its center at the mean of all, or
        `t_vecs` are of other shapes.

    Notes
    -----
    With ``t_vecs``, what is returned for each manifold is what mftma returns, but for the
    directions, of which there are many local optima. Different from mftma are:

    - 2 and 3 manifolds work, where nothing, or at most one direction, can be removed.
      mftma breaks.
    - The QR factorization leaves mftma with a direction in which there is no sample. Without
      ``t_vecs`` it is left out here, which makes the dimension of a segment 1 and not 0.81.
    - Without ``t_vecs``, active samples are counted and every other vector is the negative
      of the one before: the same numbers on average with less noise.
    - Every projection is exact. mftma does not look at the status of its solver, which gives
      up on many at its tolerance, and breaks with a "domain error" on few.
    - ``random_state`` makes the result reproducible; mftma uses the global generator.
    - A center at the mean of all centers is an error, not a NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.mftma import manifold_analysis_corr
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.standard_normal((500, 20)) for _ in range(10)]
    >>> capacity, radius, dimension, correlation, K = manifold_analysis_corr(
    ...     X, 0, 200, n_reps=1, random_state=0
    ... )
    >>> round(float(1 / np.mean(1 / capacity)), 1), round(float(dimension.mean()))
    (0.1, 14)
    """
    X = _transposed(XtotT, "XtotT")
    if len(X) < 2:
        raise ValueError(f"XtotT must have at least 2 manifolds, got {len(X)}")
    check_number(kappa, "kappa", -np.inf, np.inf)
    check_integer(n_t, "n_t", 1)
    check_integer(n_reps, "n_reps", 1)
    vectors = None if t_vecs is None else _transposed(t_vecs, "t_vecs")
    if vectors and len(vectors[0]) != n_t:
        raise ValueError(f"t_vecs must have n_t = {n_t} columns, got {len(vectors[0])}")
    check_integer(k_min, "k_min", 0)
    centers = as_manifolds(X).centered_centers()
    most = variance_limit(centers @ centers.T)
    model = MeanFieldCapacity(
        float(kappa),
        n_t,
        estimator="count" if vectors is None else "norm",
        origin="samples",
        min_removed=min(k_min, most),
        max_removed=most,
        search="stable",
        n_searches=1,
        n_restarts=n_reps,
        random_state=random_state,
        n_jobs=n_jobs,
        verbose=verbose,
    ).fit(X, t_vectors=vectors)
    found = model.manifolds_
    return (
        found.capacity,
        found.radius,
        found.dimension_cos,
        model.center_correlation_,
        model.n_centers_removed_,
    )


@checked
def alldata_dimension_analysis(
    XtotT: Arrays, perc: float = 0.90, *, parity: bool = True
) -> tuple[float, int, int]:
    """Measure the dimension of all samples together.

    Parameters
    ----------
    XtotT : list or dict of array_like of shape (n_features, n_samples_i)
        Manifolds. The index of a DataFrame, which names features, is not used.
    perc : float, default=0.90
        Fraction of the variance to explain.
    parity : bool, default=True
        Whether to return mftma's numbers, which are not what they are called: the smallest
        singular value is left out of the participation ratio; the principal components are
        those of features as samples, each sample being centered over the features once the
        features have been over the samples; and those are counted that explain no more than
        the fraction, one less than it takes. False returns
        :func:`~netrep_go.capacity.participation_ratio` and
        :func:`~netrep_go.capacity.explained_variance_dimension` of all samples.

    Returns
    -------
    Dsvd : float
        Participation ratio.
    D_expvar : int
        Number of principal components for the fraction ``perc``.
    D_feature : int
        Number of features.

    Raises
    ------
    ValueError
        If a manifold is not a finite matrix, they differ in features, or `perc` is out
        of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.mftma import alldata_dimension_analysis
    >>> X = [np.array([[3.0, -3.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])]
    >>> ratio, explained, n_features = alldata_dimension_analysis(X, perc=0.9, parity=False)
    >>> round(ratio, 2), explained, n_features
    (1.22, 1, 2)
    """
    raw = np.concatenate(_transposed(XtotT, "XtotT"))
    X: np.ndarray = np.ldexp(raw, -exponents(raw.reshape(1, -1)))  # dimensions have no unit
    n_features = X.shape[1]
    if not parity:
        return participation_ratio(X), explained_variance_dimension(X, fraction=perc), n_features
    check_number(perc, "perc", 0.0, 1.0)
    centered = X - X.mean(axis=0)
    variances = np.linalg.svd(centered, compute_uv=False)[:-1] ** 2
    centered -= centered.mean(axis=1, keepdims=True)
    spectrum = np.linalg.svd(centered, compute_uv=False) ** 2
    explained = np.cumsum(spectrum / spectrum.sum())
    ratio = variances.sum() ** 2 / (variances**2).sum()
    return float(ratio), int(np.count_nonzero(explained <= perc)), n_features


def _transposed(arrays: Arrays, argument: str) -> list[np.ndarray]:
    """Return the matrices of a list or dict, samples first."""
    items, names = split_names(arrays, argument)
    keys = names_or_numbers(names, len(items))
    if not items:
        raise ValueError(f"{argument} must have at least one manifold, got none")
    labeled = [(f"{argument}[{key!r}]", x) for key, x in zip(keys, items, strict=True)]
    check_same_indexes(labeled, "features")
    matrices = [np.ascontiguousarray(as_matrix(x, name).T) for name, x in labeled]
    for (name, _), x in zip(labeled, matrices, strict=True):
        if x.shape[1] != matrices[0].shape[1]:
            raise ValueError(
                f"manifolds must have the same features, but {labeled[0][0]} has "
                f"{matrices[0].shape[1]} and {name} {x.shape[1]}"
            )
    return matrices
