"""The layers of a network as models: as they are, remixed and reweighted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from netrep_go._jobs import RandomState, counted, in_threads
from netrep_go._names import (
    Name,
    check_all_same_names,
    check_same_indexes,
    holds_arrays,
    names_or_numbers,
    row_names,
    split_names,
)
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import as_factor, as_labels, as_matrix, check_estimator, check_option
from netrep_go.rsa._ceiling import NoiseCeiling, fixed, warn_if_undefined
from netrep_go.rsa._compare import SIMILARITIES, paired_scores, similarities
from netrep_go.rsa._condensed import (
    RDMs,
    called,
    check_named_alike,
    check_same_conditions,
    check_varies,
    condition_names,
    named_vectors,
)
from netrep_go.rsa._folds import Blocks, assign_folds
from netrep_go.rsa._models import fit_blocks
from netrep_go.rsa._rdm import rdm

Layers = Mapping[Any, ArrayLike] | Sequence[ArrayLike]


@checked
def remix(
    layer: ArrayLike,
    training: ArrayLike,
    y: ArrayLike,
    *,
    classifier: ClassifierMixin | None = None,
) -> np.ndarray:
    """Return a layer's readouts of categories, learnt from other images.

    A linear classifier is trained on the layer's activations for images whose categories
    are known; its decision values for the images of interest are new features, whose RDM
    shows what of the categories the layer makes explicit [1]_.

    Parameters
    ----------
    layer : array_like of shape (n_conditions, n_features)
        Activations for the images of interest.
    training : array_like of shape (n_images, n_features)
        Activations for other images, ten of each category or more.
    y : array_like of shape (n_images,) or (n_images, n_readouts)
        Category of each training image; a column for each readout.
    classifier : scikit-learn classifier, default=None
        With decision_function. None stands for a logistic regression of standardized
        activations.

    Returns
    -------
    ndarray of shape (n_conditions, n_values)
        Decision values: one of each binary readout, one for each class of others.

    Raises
    ------
    ValueError
        If activations are not finite matrices of equal width, or y of another length
        or of one class.

    References
    ----------
    .. [1] Khaligh-Razavi, S.-M. & Kriegeskorte, N. (2014). Deep supervised, but not
       unsupervised, models may explain IT cortical representation. PLoS Comput. Biol.
       10(11), e1003915.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import remix
    >>> rng = np.random.default_rng(0)
    >>> animate = rng.integers(2, size=60)
    >>> activations = rng.standard_normal((60, 10)) + animate[:, np.newaxis]
    >>> readout = remix(activations[:20], activations[20:], animate[20:])
    >>> readout.shape, bool(np.mean((readout[:, 0] > 0) == animate[:20]) > 0.8)
    ((20, 1), True)
    """
    x, known = as_factor(layer, "layer"), as_factor(training, "training")
    if x.shape[1] != known.shape[1]:
        raise ValueError(
            f"layer and training must have the same features, got {x.shape[1]} and {known.shape[1]}"
        )
    check_same_indexes([("training", training), ("y", y)], "samples")
    check_same_indexes([("layer", layer), ("training", training)], "features", axis=-1)
    y = as_labels(y, "y")
    if y.ndim not in (1, 2) or len(y) != len(known):
        raise ValueError(f"y must have {len(known)} rows, got shape {y.shape}")
    if classifier is None:
        classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    check_estimator(classifier, "classifier", "decision_function")
    values = []
    for k, column in enumerate(y.reshape(len(known), -1).T):
        if len(np.unique(column)) < 2:
            raise ValueError(f"y must have at least 2 classes, got one in column {k}")
        decisions = clone(classifier).fit(known, column).decision_function(x)
        values.append(decisions.reshape(len(x), -1))
    return np.concatenate(values, axis=1)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LayerEvaluation(Result):
    """Result of :func:`evaluate_layers`.

    Attributes
    ----------
    names : list
        Name of each layer.
    rdm_names : list
        Names of the measured RDMs, or their positions.
    layer : ndarray of shape (n_layers, n_rdms)
        Similarity of the RDM of each layer to each measured RDM.
    remixed : ndarray of shape (n_layers, n_rdms) or None
        The same for the RDMs of readouts.
    reweighted : ndarray of shape (n_rdms,)
        The same for the weighted sum of all layer RDMs, cross-validated.
    both : ndarray of shape (n_rdms,) or None
        The same for the weighted sum of layer RDMs and readout RDMs.
    layer_rdms : ndarray of shape (n_layers, n_pairs)
        RDM of each layer.
    readout_rdms : ndarray of shape (n_layers, n_pairs) or None
        RDM of the readouts of each layer.
    weights : ndarray of shape (n_rdms, n_layers) or (n_rdms, 2 * n_layers)
        Weights of the layers, and of the readouts if there are some, fitted to all pairs.
    noise_ceiling : NoiseCeiling or None
        Bounds for the mean score of any model, if there are several measured RDMs.
    method : str
        How RDMs are compared.
    """

    names: list[Name]
    rdm_names: list[Name]
    layer: np.ndarray
    remixed: np.ndarray | None
    reweighted: np.ndarray
    both: np.ndarray | None
    layer_rdms: np.ndarray = field(repr=False)
    readout_rdms: np.ndarray | None = field(repr=False)
    weights: np.ndarray = field(repr=False)
    noise_ceiling: NoiseCeiling | None
    method: str

    def bars(self) -> list[tuple[str, Name, np.ndarray]]:
        """Return the kind, the name and the scores of each model.

        Returns
        -------
        list of tuple
            Kind, 'layer', 'remixed', 'reweighted' or 'both'; name of the layer or 'all';
            scores of shape (n_rdms,).
        """
        bars: list[tuple[str, Name, np.ndarray]]
        bars = [("layer", n, s) for n, s in zip(self.names, self.layer, strict=True)]
        if self.remixed is not None:
            bars += [("remixed", n, s) for n, s in zip(self.names, self.remixed, strict=True)]
        bars.append(("reweighted", "all", self.reweighted))
        if self.both is not None:
            bars.append(("both", "all", self.both))
        return bars

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each model and measured RDM.

        Returns
        -------
        pandas.DataFrame
            With columns kind, layer, rdm, method, score.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        rows = [
            {"kind": kind, "layer": name, "rdm": rdm, "method": self.method, "score": score}
            for kind, name, scores in self.bars()
            for rdm, score in zip(self.rdm_names, scores, strict=True)
        ]
        return pandas().DataFrame(rows)

    def plot(self, **options: Any) -> Any:
        """Draw the scores.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.LayerEvaluationDisplay.from_evaluation`.

        Returns
        -------
        display : netrep_go.plotting.LayerEvaluationDisplay
            The drawn display.
        """
        from netrep_go.plotting import LayerEvaluationDisplay

        return LayerEvaluationDisplay.from_evaluation(self, **options)


@checked
def evaluate_layers(
    layers: Layers,
    rdms: RDMs,
    *,
    training: Layers | None = None,
    y: ArrayLike | None = None,
    classifier: ClassifierMixin | None = None,
    metric: str = "correlation",
    readout_metric: str = "euclidean",
    cv: int | ArrayLike = 10,
    positive: bool = True,
    method: str = "spearman",
    names: Iterable[Name] | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> LayerEvaluation:
    """Compare the layers of a network with measured RDMs: as they are, remixed and reweighted.

    Four kinds of model [1]_: the RDM of each layer; the RDM of each layer's readouts of
    categories (:func:`remix`); the weighted sum of all layer RDMs (:func:`reweight`); and
    that of the layer RDMs and the readout RDMs beside them. The weights are
    cross-validated over conditions, all on the same folds.

    Parameters
    ----------
    layers : dict or sequence of array_like of shape (n_conditions, n_features)
        Activations of each layer. The index of a DataFrame names the conditions.
    rdms : array_like of shape (n_rdms, n_pairs) or (n_rdms, n_conditions, n_conditions), or \
dict of single RDMs
        Measured RDMs, such as one of each subject; one alone is taken too.
    training : like layers, default=None
        Activations of the same layers for other images. None leaves remixing out.
    y : array_like of shape (n_images,) or (n_images, n_readouts), default=None
        Categories of those images, as in :func:`remix`.
    classifier : scikit-learn classifier, default=None
        As in :func:`remix`.
    metric : str, default='correlation'
        Dissimilarity of conditions for the RDMs of layers, as in :func:`rdm`.
    readout_metric : str, default='euclidean'
        That for the RDMs of readouts. The correlation of few readouts says little, that of
        one nothing.
    cv, positive, method
        As in :func:`reweight`.
    names : sequence of hashable, default=None
        Names of the layers, if these have none.
    random_state : int, RandomState, Generator or None, default=None
        Determines the folds.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show progress bars.

    Returns
    -------
    LayerEvaluation
        With the scores of each kind, ``to_frame()``, and ``bars()`` for
        :class:`netrep_go.plotting.LayerEvaluationDisplay`.

    Raises
    ------
    ValueError
        If layers differ in their conditions or those of ``rdms``, responses are constant,
        or only one of ``training`` and ``y`` is given.

    References
    ----------
    .. [1] Khaligh-Razavi, S.-M. & Kriegeskorte, N. (2014). Deep supervised, but not
       unsupervised, models may explain IT cortical representation. PLoS Comput. Biol.
       10(11), e1003915.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import evaluate_layers
    >>> rng = np.random.default_rng(0)
    >>> animate = np.repeat([0.0, 1.0], 30)[:, np.newaxis]
    >>> layers = {"conv": rng.standard_normal((60, 8)), "fc": rng.normal(animate, 0.8, (60, 8))}
    >>> images, others = slice(0, 60, 2), slice(1, 60, 2)
    >>> measured = np.abs(animate[images] - animate[images].T)
    >>> result = evaluate_layers(
    ...     {name: x[images] for name, x in layers.items()}, measured, cv=5, random_state=0,
    ...     training={name: x[others] for name, x in layers.items()}, y=animate[others, 0])
    >>> [(kind, name, bool(score[0] > 0.3)) for kind, name, score in result.bars()]
    [('layer', 'conv', False), ('layer', 'fc', False), ('remixed', 'conv', False),
     ('remixed', 'fc', True), ('reweighted', 'all', False), ('both', 'all', True)]
    """
    check_option(method, "method", SIMILARITIES)
    if (training is None) != (y is None):
        raise ValueError("training and y must be given together")
    activations, conditions = _named(layers, "layers", names)
    rdm_names, d = named_vectors(rdms, "rdms")
    check_varies(d, "rdms", rdm_names)
    z = _layer_rdms(activations, metric, "layers", conditions, n_jobs)
    n = check_same_conditions(z, "layers", d, "rdms")
    check_named_alike(layers=conditions, rdms=condition_names(rdms))
    blocks = Blocks(assign_folds(n, cv, random_state))

    def weigh(models: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        weights, predictions = fit_blocks(models, d, blocks, positive, True, n_jobs, verbose)
        return weights, paired_scores(predictions, d, method)

    weights, reweighted = weigh(z)
    readouts = remixed = both = None
    if training is not None and y is not None:
        others = _training(layers, activations, training, y, names)
        values = _readouts(activations, others, y, classifier, n_jobs, verbose)
        readouts = _layer_rdms(values, readout_metric, "readouts", conditions, n_jobs)
        remixed = similarities(readouts, d, method, n_jobs=n_jobs)
        weights, both = weigh(np.concatenate([z, readouts]))
    return LayerEvaluation(
        names=list(activations),
        rdm_names=names_or_numbers(rdm_names, len(d)),
        layer=similarities(z, d, method, n_jobs=n_jobs),
        remixed=remixed,
        reweighted=reweighted,
        both=both,
        layer_rdms=z,
        readout_rdms=readouts,
        weights=weights,
        noise_ceiling=_ceiling(d, method, rdm_names),
        method=method,
    )


def _ceiling(rdms: np.ndarray, method: str, names: list[Name] | None) -> NoiseCeiling | None:
    """Return the noise ceiling of several RDMs."""
    if len(rdms) < 2:
        return None
    subjects = {"RDM": called("rdms", names)}
    ceiling = fixed(np.empty((0, 0)), rdms, method, None, subjects).ceiling
    warn_if_undefined(ceiling)
    return ceiling


def _named(
    layers: Layers, argument: str, names: Iterable[Name] | None
) -> tuple[dict[Name, np.ndarray], list[Name] | None]:
    """Return the activations of each layer under its name, and the names of conditions."""
    items, own = split_names(layers, argument, names)
    if not items:
        raise ValueError(f"{argument} must have at least one layer")
    keys = [str(k) for k in range(len(items))] if own is None else own
    matrices = {}
    for key, item in zip(keys, items, strict=True):
        where = f"{argument}[{key!r}]"
        matrices[key] = as_matrix(item, where)
        n, expected = len(matrices[key]), len(matrices[keys[0]])
        if n != expected:
            raise ValueError(
                f"{argument} must be for the same conditions, got {expected} in {keys[0]!r} "
                f"and {n} in {key!r}"
            )
    known = [(f"{argument}[{key!r}]", row_names(x)) for key, x in zip(keys, items, strict=True)]
    check_all_same_names(known, "conditions")
    return matrices, next((names for _, names in known if names is not None), None)


def _training(
    layers: Layers,
    activations: dict[Name, np.ndarray],
    training: Layers,
    y: ArrayLike,
    names: Iterable[Name] | None,
) -> dict[Name, np.ndarray]:
    """Return the activations of each layer for other images, which are those of y, in its order."""
    others, _ = _named(training, "training", None if holds_arrays(training) else names)
    if set(others) != set(activations):
        raise ValueError(f"training must have the layers {list(activations)}, got {list(others)}")
    given = dict(zip(others, split_names(training, "training")[0], strict=True))
    images = [(f"training[{key!r}]", x) for key, x in given.items()]
    check_same_indexes([*images, ("y", y)], "samples")
    for key, x in zip(activations, split_names(layers, "layers")[0], strict=True):
        both = (f"layers[{key!r}]", x), (f"training[{key!r}]", given[key])
        check_same_indexes(both, "features", axis=-1)
    return others


def _readouts(
    layers: dict[Name, np.ndarray],
    others: dict[Name, np.ndarray],
    y: ArrayLike,
    classifier: ClassifierMixin | None,
    n_jobs: int | None,
    verbose: bool,
) -> dict[Name, np.ndarray]:
    """Return the readouts of each layer."""

    def read(name: Name) -> np.ndarray:
        return remix(layers[name], others[name], y, classifier=classifier)

    found = in_threads(read, layers, n_jobs)
    values = counted(found, "Remixing layers", len(layers), verbose)
    return dict(zip(layers, values, strict=True))


def _layer_rdms(
    layers: dict[Name, np.ndarray],
    metric: str,
    argument: str,
    conditions: list[Name] | None,
    n_jobs: int | None,
) -> np.ndarray:
    """Return the RDM of each layer, or name the one that has none."""
    rdms = []
    for name, x in layers.items():
        try:
            rdms.append(rdm(x, metric, names=conditions, n_jobs=n_jobs))
        except ValueError as error:
            raise ValueError(f"{argument}[{name!r}]: {error}") from None
        check_varies(rdms[-1][np.newaxis], f"the RDM of {argument}[{name!r}]")
    return np.stack(rdms)
