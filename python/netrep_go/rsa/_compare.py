"""Similarities of RDMs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from netrep_go import _native
from netrep_go._jobs import progress_bar
from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._sizes import FOURTH_POWERS, SQUARES, check_range, of_order_one
from netrep_go._validation import as_array, check_option, departure
from netrep_go.rsa._condensed import (
    RDMs,
    called,
    check_alike,
    check_named_alike,
    check_same_conditions,
    condition_names,
    is_single,
    n_conditions,
    named_vectors,
)
from netrep_go.rsa._covariance import whitened

__all__ = ["compare"]

NO_RDMS = np.empty((0, 0))

SIMILARITIES = (
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
)
REGRESSIONS = ("regression", "rank-regression")  # weights of all models at once
METHODS = (*SIMILARITIES, *REGRESSIONS)
UNBOUNDED = ("neg_riem_dist", *REGRESSIONS)  # others are at most 1 in absolute value
_RANKED = (
    "spearman",
    "tau-a",
    "tau-b",
    "rho-a",
    "rank-regression",
)  # which need no products of entries
_TAKE_CONTROLS = ("spearman", "pearson", "cosine", "corr_cov", "cosine_cov")
_TAKE_SIGMA = ("corr_cov", "cosine_cov", "neg_riem_dist")


def axis_label(method: str, otherwise: str) -> str:
    """Return what an axis says: weights of regressions are no similarities."""
    return f"{'weight of the model' if method in REGRESSIONS else otherwise}\n({method})"


@checked
def compare(
    rdms: RDMs,
    models: RDMs | None = None,
    method: str = "spearman",
    *,
    controls: RDMs | None = None,
    sigma: ArrayLike | None = None,
    covariance: ArrayLike | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Any:
    r"""Return the similarities of RDMs, all against all.

    With x and y the entries of two RDMs of n conditions, P = n (n - 1) / 2 of them,

    - 'spearman': the Pearson correlation of their ranks, ties sharing theirs (see Notes);
    - 'pearson': their correlation;
    - 'cosine': :math:`x^\top y / (|x| |y|)`;
    - 'tau-a': Kendall's coefficient, (concordant - discordant) / (P (P - 1) / 2) pairs of
      entries, for models that predict ties; 'tau-b' divides by the geometric mean of the
      numbers of pairs that are not tied;
    - 'rho-a': the expectation of Spearman's coefficient if ties were broken at random,
      which is proportional to the inner product of centered ranks [1]_;
    - 'cosine_cov': :math:`x^\top V^{-1} y / \sqrt{x^\top V^{-1} x \; y^\top V^{-1} y}`, the
      whitened cosine [2]_, where :math:`V_{ab} = (c_a^\top \Sigma c_b)^2` is the covariance
      of the entries of pairs a and b with contrasts c. With white noise it is linear CKA
      of the patterns whose squared distances are the entries. 'corr_cov' is the same of
      centered entries;
    - 'bures': :math:`\mathrm{tr} (A^{1/2} B A^{1/2})^{1/2} / \sqrt{\mathrm{tr} A \,
      \mathrm{tr} B}` of the inner products A and B of centered patterns whose squared
      distances are the entries (normalized Bures similarity; negative eigenvalues
      count as 0);
    - 'neg_riem_dist': minus :math:`\min_{a, b > 0} |\log \mathrm{eig}(H^{-1}
      (a G + b \Sigma))|`, the affine-invariant Riemannian distance of inner products G and
      H as seen from the first condition [3]_. It is not symmetric: G is from ``rdms``,
      which come first, as in rsatoolbox. All other functions take G from the model and H
      from what was measured; pass models first for the same;
    - 'regression': the weight of each model in the least-squares fit of all models together,
      and a constant, to an RDM. RDM and models are z-scored first, so that weights have no
      unit; those of a single model are its correlation. 'rank-regression' is the same of
      ranks, tied ones sharing theirs. Weights are not bounded by 1.

    With controls Z, similarities are partial: those of what is left of x and y without
    :math:`Z (Z^\top Z)^{-1} Z^\top` of either, Z being the entries of the controls or, for
    'spearman', their ranks, and a constant where the similarity subtracts means. They are the
    partial correlations for 'pearson' and 'spearman'. For 'corr_cov' and 'cosine_cov' the
    inner products are those of :math:`V^{-1}`.

    Parameters
    ----------
    rdms : array_like of shape (n_pairs,), (n_rdms, n_pairs), (n_conditions, \
            n_conditions) or (n_rdms, n_conditions, n_conditions), or dict of single RDMs
        RDMs, condensed or square. NaN marks a missing entry: two RDMs are compared over
        the entries that both have. The index of a DataFrame names the conditions of a square
        RDM, else the RDMs in its rows.
    models : like rdms, default=None
        RDMs to compare these with. If None, all RDMs are compared with each other. The models
        of a regression lack together what any of them does.
    method : {'spearman', 'pearson', 'cosine', 'tau-a', 'tau-b', 'rho-a', 'corr_cov', \
        'cosine_cov', 'bures', 'neg_riem_dist', 'regression', 'rank-regression'}, default='spearman'
        Similarity; the names are rsatoolbox's, but for 'pearson' (there 'corr') and regression.
    controls : like models, default=None
        RDMs of what is known to matter, such as the low-level similarity of images, for
        'spearman', 'pearson', 'cosine', 'corr_cov' and 'cosine_cov'. A regression takes them as
        models.
    sigma : array_like of shape (n_conditions,) or (n_conditions, n_conditions), default=None
        Variances of the estimates of patterns, or their covariance, for 'corr_cov',
        'cosine_cov' and 'neg_riem_dist'. None is the identity.
    covariance : array_like of shape (n_pairs, n_pairs), default=None
        The covariance V of the entries themselves for 'corr_cov' and 'cosine_cov', in place
        of that of ``sigma``: :func:`distance_covariance` of crossnobis RDMs, which depends
        on the distances. Its scale does not count; RDMs must not have NaN then.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ndarray of shape (n_rdms, n_models)
        Similarities. A single RDM, as a vector or a square matrix, takes no axis: two
        give a float.

    Raises
    ------
    ValueError
        If RDMs are of different conditions, have fewer than 3 entries in common, or more with
        controls, or a similarity is undefined, as correlations with an RDM whose entries are
        all equal; if a control, or a model of a regression, is a combination of those before it,
        or an RDM is one of the controls.

    Notes
    -----
    Entries that only rounding tells apart are tied by all that ranks them ('spearman',
    'tau-a', 'tau-b' and 'rho-a', here as in inference, searchlights and time courses): in
    sorted order, neighbors that differ by at most 32 epsilon, 7e-15, of the larger one or of
    the quartiles of the RDM, the larger of them in absolute value. A run of such neighbors is
    one tie. So are RDMs computed elsewhere: ``1 - np.corrcoef(X)`` of conditions that are
    equal is 0 or 1e-16, which is the same.

    mne-rsa's 'partial' and 'partial-spearman' are those of each model with all others as
    ``controls``; its 'regression' does not z-score, so that a weight is that of here times the
    standard deviation of the RDM and over that of the model.

    Kendall's coefficients take O(P log P), not O(P²): orders are found once for each RDM,
    and each pair of RDMs counts inversions in a tree of bits.

    References
    ----------
    .. [1] Schütt, Kipnis, Diedrichsen & Kriegeskorte (2023). Statistical inference on
       representational geometries. eLife 12, e82566. doi:10.7554/eLife.82566
    .. [2] Diedrichsen, Berlot, Mur, Schütt, Shahbazi & Kriegeskorte (2021). Comparing
       representational geometries using whitened unbiased-distance-matrix similarity.
       Neurons, Behavior, Data analysis, and Theory 5(3). arXiv:2007.02789
    .. [3] Shahbazi, Shirali, Aghajan & Nili (2021). Using distance on the Riemannian
       manifold to compare representations in brain and in models. NeuroImage 239,
       118271. doi:10.1016/j.neuroimage.2021.118271

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import compare, rdm
    >>> X = np.random.default_rng(0).standard_normal((6, 40))
    >>> noisy = X + 0.2 * np.random.default_rng(1).standard_normal((3, 6, 40))
    >>> compare(rdm(X), rdm(noisy)).round(2)
    array([0.96, 0.99, 0.95])
    >>> round(compare(rdm(X), rdm(noisy[0]), "tau-a"), 2)
    0.85
    >>> round(compare(rdm(noisy[0]), rdm(noisy[1]), controls=rdm(X)), 2)
    0.34
    >>> compare(rdm(X), rdm(noisy), "regression").round(2)
    array([0.45, 0.25, 0.32])
    """
    check_option(method, "method", METHODS)
    rdm_names, x = named_vectors(rdms, "rdms", allow_nan=True)
    y, own = NO_RDMS, None
    if models is not None:
        own, y = named_vectors(models, "models", allow_nan=True)
        check_same_conditions(x, "rdms", y, "models")
        check_alike(rdms=rdms, models=models, controls=controls)
    elif method in REGRESSIONS:
        raise ValueError(f"method={method!r} needs models")
    control = as_controls(controls, method, x, "rdms", condition_names(rdms))
    z = control.values
    if covariance is not None:
        _check_covariance(method, sigma)
        centered, method = method == "corr_cov", "cosine"  # of what is whitened here
        x = whitened(x, "rdms", covariance, centered=centered)
        y = y if models is None else whitened(y, "models", covariance, centered=centered)
        z = z if controls is None else whitened(z, "controls", covariance, centered=centered)
    out = similarities(
        x,
        y,
        method,
        controls=z,
        sigma=sigma,
        names={"RDM": called("rdms", rdm_names), "model": called("models", own), **control.called},
        n_jobs=n_jobs,
        verbose=verbose,
    )
    if models is not None and is_single(models):
        out = out[:, 0]
    if is_single(rdms):
        out = out[0]
    return out if isinstance(out, np.ndarray) and out.ndim else float(out)


def _check_covariance(method: str, sigma: ArrayLike | None) -> None:
    if method not in ("corr_cov", "cosine_cov"):
        raise ValueError(f"covariance is for 'corr_cov' and 'cosine_cov', got method={method!r}")
    if sigma is not None:
        raise ValueError("covariance is that of sigma and of signals: leave out sigma")


def similarities(
    x: np.ndarray,
    y: np.ndarray,
    method: str,
    *,
    controls: np.ndarray | None = None,
    sigma: ArrayLike | None = None,
    names: _native.Names | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> np.ndarray:
    """Return the similarities of condensed RDMs x to y or, if y is empty, to each other."""
    out = np.empty((len(x), len(y) or len(x)))
    with progress_bar("Comparing RDMs", verbose) as progress:
        _native.run(
            "rsa.compare",
            {"similarities": out},
            {"xs": x, "ys": y, **comparison(method, sigma, x, y, controls)},
            names=names,
            n_jobs=n_jobs,
            progress=progress,
        )
    return out


def of_models(
    models: np.ndarray,
    rdms: np.ndarray,
    method: str,
    controls: Controls,
    *,
    names: dict[str, Callable[[int], str]],
    n_jobs: int | None = None,
) -> np.ndarray:
    """Return the similarity of each model to each measured RDM, condensed."""
    first, second = {"RDM": names["model"], "model": names["RDM"]}, (models, rdms)
    if method in REGRESSIONS:
        first, second = names, (rdms, models)
    found = similarities(
        *second,
        method,
        controls=controls.values,
        names={**first, **controls.called},
        n_jobs=n_jobs,
    )
    return found.T if method in REGRESSIONS else found


def paired_scores(predictions: np.ndarray, rdms: np.ndarray, method: str) -> np.ndarray:
    """Return the similarity of each prediction to its RDM; 0 for one that is constant."""
    varies = np.ptp(predictions, axis=1) > 1e-12 * np.abs(predictions).max(axis=1)
    pairs = zip(predictions[:, np.newaxis], rdms[:, np.newaxis], varies, strict=True)
    return np.array([similarities(p, d, method)[0, 0] if v else 0.0 for p, d, v in pairs])


def comparison(
    method: str,
    sigma: ArrayLike | None,
    rdms: np.ndarray,
    models: np.ndarray,
    controls: np.ndarray | None = None,
) -> dict[str, _native.Argument]:
    """Return a similarity and its noise as Go takes them, once RDMs are of a size that it takes."""
    controls = NO_RDMS if controls is None else controls
    if method not in _RANKED:
        # the Riemannian distance is not in a unit of its own; others scale what is large
        sizes = FOURTH_POWERS if method == "neg_riem_dist" else (SQUARES[0], np.inf)
        check_range(rdms, "rdms", sizes)
        check_range(models, "models", sizes)
        check_range(controls, "controls", sizes)
    return {
        "method": method,
        "sigma": _as_sigma(sigma, method, n_conditions(rdms, "rdms")),
        "controls": controls,
    }


class Controls(NamedTuple):
    """Condensed RDMs of controls, no rows if there are none, and what errors call them."""

    values: np.ndarray
    called: dict[str, Callable[[int], str]]


def as_controls(
    controls: RDMs | None,
    method: str,
    others: np.ndarray,
    argument: str,
    conditions: list[Name] | None,
) -> Controls:
    """Return controls, which must be of the conditions of other RDMs and suit the method."""
    if controls is None:
        return Controls(NO_RDMS, {})
    if method not in _TAKE_CONTROLS:
        remedy = ": pass them as models" if method in REGRESSIONS else ""
        raise ValueError(
            f"controls are for {', '.join(_TAKE_CONTROLS)}, got method={method!r}{remedy}"
        )
    names, values = named_vectors(controls, "controls", allow_nan=True)
    check_same_conditions(others, argument, values, "controls")
    check_named_alike(**{argument: conditions}, controls=condition_names(controls))
    return Controls(values, {"control": called("controls", names)})


class Compared(NamedTuple):
    """Condensed RDMs of models, those to be compared with them and controls, with their names."""

    names: list[Name] | None
    rdm_names: list[Name] | None
    models: np.ndarray
    rdms: np.ndarray
    controls: np.ndarray
    called: dict[str, Callable[[int], str]]  # what errors call each


def models_and_rdms(
    models: RDMs, rdms: RDMs, names: Iterable[Name] | None, controls: RDMs | None, method: str
) -> Compared:
    """Return RDMs of models and those to be compared with them, of the same conditions."""
    own, x = named_vectors(models, "models", names, allow_nan=True)
    rdm_names, y = named_vectors(rdms, "rdms", allow_nan=True)
    check_same_conditions(x, "models", y, "rdms")
    check_alike(models=models, rdms=rdms, controls=controls)
    control = as_controls(controls, method, x, "models", condition_names(models))
    called_by = {"model": called("models", own), "RDM": called("rdms", rdm_names), **control.called}
    return Compared(own, rdm_names, x, y, control.values, called_by)


def _as_sigma(sigma: ArrayLike | None, method: str, n: int) -> np.ndarray:
    """Return variances or covariances of the noise of patterns as a vector, empty if None."""
    if sigma is None:
        return np.empty(0)
    if method not in _TAKE_SIGMA:
        raise ValueError(f"sigma is for {', '.join(_TAKE_SIGMA)}, got method={method!r}")
    noise = as_array(sigma, "sigma", 2 if np.ndim(sigma) == 2 else 1)
    if noise.shape not in ((n,), (n, n)):
        raise ValueError(f"sigma must have shape ({n},) or ({n}, {n}), got {noise.shape}")
    if noise.ndim == 2 and (asymmetry := departure(noise - noise.T, noise)):
        raise ValueError(f"sigma must be symmetric, got entries {asymmetry:.3g} from their mirror")
    extreme = not 1e-75 < np.abs(noise).max() < 1e75
    return of_order_one(noise.ravel()) if extreme else noise.ravel()  # its scale cancels
