"""All analyses of layers in one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from netrep_go._jobs import RandomState, seed_from
from netrep_go._names import Name, column_names, names_or_numbers
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import as_labels, check_option
from netrep_go._versions import versions
from netrep_go.capacity import MeanFieldCapacity
from netrep_go.encoding import EncodingModel
from netrep_go.encoding._inputs import as_targets
from netrep_go.inference._calibration import check_permutations
from netrep_go.inference._measures import chosen
from netrep_go.metrics import Measure
from netrep_go.report._layers import read_layers
from netrep_go.report._quantities import REVERSED
from netrep_go.report._result import LayerReport
from netrep_go.report._sections import Sections
from netrep_go.rsa._compare import SIMILARITIES
from netrep_go.rsa._condensed import RDMs, n_conditions, named_rdm, named_vectors
from netrep_go.rsa._rdm import PLAIN_METRICS


@checked
def layer_report(
    networks: Any,
    y: ArrayLike | None = None,
    targets: ArrayLike | None = None,
    rdms: RDMs | None = None,
    *,
    names: Iterable[Name] | None = None,
    measures: Any = None,
    n_permutations: int = 1000,
    alpha: float = 0.05,
    capacity: MeanFieldCapacity | None = None,
    metric: str = "correlation",
    method: str = "spearman",
    encoding: EncodingModel | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> LayerReport:
    """Report on the layers of a network, or on several networks: all analyses in one call.

    Each layer is read and prepared once. Five sections say of it: how far it is from the other
    layers in shape; how similar to them, beyond what shuffled samples are; what capacity, radius
    and dimension its manifolds have; how much its dissimilarities are like those that were
    measured; and how well it predicts measured responses; and, if asked for, the values of other
    measures. A section for which data are not there, or that cannot be computed from them, says
    why, and the others are computed.

    Parameters
    ----------
    networks : dict, list or Series of array_like of shape (n_samples, n_features), or path
        Layers of a network, networks, or a dict of networks with a dict of layers each; files
        as for :func:`netrep_go.inference.compare_networks`. All see the same samples.
    y : array_like of shape (n_samples,), default=None
        Label of each sample: those with the same are a manifold.
    targets : array_like of shape (n_samples,) or (n_samples, n_targets), default=None
        Measured responses to the samples, which layers predict; NaN where they are missing.
    rdms : array_like of shape (n_rdms, n_pairs) or (n_rdms, n_samples, n_samples), or dict of \
single RDMs, default=None
        Dissimilarities of the samples, such as those measured in each subject.
    names : sequence of hashable, default=None
        Names of the layers, if these are a list.
    measures : Measure, str, callable or object with fit and score; or list or dict of such, \
default=None
        Measures besides, as :func:`netrep_go.inference.compare_networks` takes them: a section
        with the values of all pairs of layers.
    n_permutations : int, default=1000
        Permutations of samples that CKA is held against.
    alpha : float, default=0.05
        Level at which the calibrated similarity is 0.
    capacity : MeanFieldCapacity, default=None
        What capacities are estimated with; None is for its defaults.
    metric : {'correlation', 'cosine', 'euclidean', 'sqeuclidean'}, default='correlation'
        Dissimilarity of samples in a layer, as in :func:`netrep_go.rsa.rdm`.
    method : str, default='spearman'
        Similarity of RDMs, as in :func:`netrep_go.rsa.compare`.
    encoding : EncodingModel, default=None
        What predicts targets; None is for its defaults.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations, and the seeds of estimators that have none.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show progress bars.

    Returns
    -------
    LayerReport
        With ``to_frame()``, ``plot()``, ``to_html(path)``, and ``save(path)``.

    Raises
    ------
    ValueError
        If a layer is not a finite, real matrix, layers differ in samples, or ``y``, ``targets``
        or ``rdms`` are not of the same samples: not as many, or in another order by their labels.

    Warns
    -----
    UserWarning
        If what was given does not allow a section, with the reason.

    See Also
    --------
    netrep_go.inference.compare_networks : Several measures of networks.

    Notes
    -----
    Every number is that of the function of its own with the seed of the report:
    :func:`~netrep_go.multiset.pairwise_distances` of 'procrustes',
    :func:`~netrep_go.inference.calibrate` of 'cka',
    :func:`~netrep_go.inference.compare_networks` of other measures,
    ``MeanFieldCapacity().fit(layer, y)``, :func:`~netrep_go.rsa.evaluate` of the RDMs of layers,
    ``EncodingModel().fit(layer, targets)``. Layers with more features than samples are turned
    into a square matrix of the same products of centered samples, once, from which distances,
    similarities and scores follow; they are the same but for rounding. Where layers are not as
    wide, they are the same to the last bit, and so are other measures.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.report import layer_report
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(np.arange(12), 4)
    >>> classes = rng.standard_normal((12, 30))[y]
    >>> noise = rng.standard_normal((3, 48, 30))
    >>> layers = {"conv": noise[0], "fc": noise[1] + classes, "out": noise[2] / 2 + classes}
    >>> report = layer_report(layers, y, n_permutations=99, random_state=0, verbose=False)
    >>> report.to_frame()[["layer", "n_features", "dimension"]].round(1)
      layer  n_features  dimension
    0  conv          30        2.4
    1    fc          30        2.2
    2   out          30        1.9
    >>> report.to_frame("pairs")[["layer_1", "layer_2", "distance", "cka_pvalue"]].round(2)
      layer_1 layer_2  distance  cka_pvalue
    0    conv      fc      0.93        0.17
    1    conv     out      0.96        0.03
    2      fc     out      0.66        0.01
    >>> report.reasons["encoding"]
    {None: 'no targets given'}
    """
    check_permutations(n_permutations, alpha)
    check_option(metric, "metric", PLAIN_METRICS)
    check_option(method, "method", SIMILARITIES)
    beside = {"y": y, "targets": targets, "rdms": named_rdm(rdms)}
    layers, layered = read_layers(networks, names, beside, n_jobs)
    n = len(layers[0].x)
    rdm_names, vectors = _rdms(rdms, n)
    matrix, target_names = _targets(targets, n)
    seed = random_state if isinstance(random_state, int) else seed_from(random_state)
    sections = Sections(
        layers=layers,
        y=_labels(y, n),
        targets=matrix,
        rdms=vectors,
        measures=_measures(measures),
        capacity=_capacity(capacity, seed, n_jobs),
        encoding=_encoding(encoding, seed, n_jobs),
        metric=metric,
        method=method,
        n_permutations=n_permutations,
        alpha=alpha,
        seed=seed,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    sections.compute()
    return LayerReport(
        names=[layer.name for layer in layers],
        n_features=[layer.x.shape[1] for layer in layers],
        n_samples=n,
        values=sections.values,
        reasons=sections.reasons,
        rdm_names=rdm_names,
        target_names=target_names,
        settings=sections.settings() | {"layered": layered},
        versions=versions(),
    )


def _labels(y: Any, n: int) -> np.ndarray | None:
    if y is None:
        return None
    labels = as_labels(y, "y")
    if labels.shape != (n,):
        raise ValueError(f"y must have shape ({n},), got {labels.shape}")
    return labels


def _rdms(rdms: Any, n: int) -> tuple[list[Name], np.ndarray | None]:
    """Return the names of RDMs and the RDMs, of as many conditions as there are samples."""
    if rdms is None:
        return [], None
    own, vectors = named_vectors(rdms, "rdms", allow_nan=True)
    if (found := n_conditions(vectors, "rdms")) != n:
        raise ValueError(f"rdms must be of the {n} samples, got {found} conditions")
    known = np.count_nonzero(~np.isnan(vectors).any(axis=0))
    if known < 3:
        raise ValueError(f"rdms must have 3 entries that are NaN in none of them, got {known}")
    return names_or_numbers(own, len(vectors)), vectors


def _targets(targets: Any, n: int) -> tuple[np.ndarray | None, list[Name]]:
    """Return a matrix of targets and their names."""
    if targets is None:
        return None, []
    matrix, is_vector = as_targets(targets, n, "targets")
    name = getattr(targets, "name", None)  # of a Series
    own = [name] if is_vector and name not in (None, "") else column_names(targets)
    return matrix, names_or_numbers(own, matrix.shape[1])


def _measures(given: Any) -> dict[str, Measure] | None:
    """Return measures by names which no value in the other order has."""
    if given is None:
        return None
    found = chosen(given, "measures")
    odd = next(
        (name for name in found if name.removesuffix(REVERSED) in found.keys() - {name}), None
    )
    if odd is not None:
        raise ValueError(
            f"measures must differ in name, but {odd!r} is what values of "
            f"{odd.removesuffix(REVERSED)!r} in the other order are called"
        )
    return found


def _capacity(given: Any, seed: int, n_jobs: int | None) -> MeanFieldCapacity:
    estimator: MeanFieldCapacity = _own(given, "capacity", MeanFieldCapacity, seed, n_jobs)
    if np.ndim(estimator.kappa):
        raise ValueError(f"capacity must have one kappa, got {shown(estimator.kappa)}")
    return estimator


def _encoding(given: Any, seed: int, n_jobs: int | None) -> EncodingModel:
    model: EncodingModel = _own(given, "encoding", EncodingModel, seed, n_jobs)
    if model.outer_cv is None:
        raise ValueError("encoding must hold samples out, but its outer_cv is None")
    return model


def _own(given: Any, name: str, kind: Any, seed: int, n_jobs: int | None) -> Any:
    """Return an estimator, with the seed and the threads of the report if it has none."""
    if given is not None and not isinstance(given, kind):
        raise TypeError(f"{name} must be an instance of {kind.__name__}, got {shown(given)}")
    estimator = kind() if given is None else clone(given)
    own = {"random_state": seed, "n_jobs": n_jobs}
    return estimator.set_params(**{k: v for k, v in own.items() if getattr(estimator, k) is None})
