"""Variance of responses that feature sets explain alone and together, held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._subsets import parts_of, subset_labels, subsets
from netrep_go.encoding._inputs import (
    as_groups,
    as_layers,
    as_targets,
    check_same_samples,
    is_mapping,
    make_splits,
)
from netrep_go.encoding._model import EncodingModel
from netrep_go.encoding._search import Split, known_rows, patterns


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class EncodingPartition(Result):
    """Result of :func:`partition_variance`.

    Entry s of an array over sets stands for the sets whose bits are in s + 1: of three sets,
    s = 0, 1, 2, ... are the first, the second, the first and second, ...

    Attributes
    ----------
    names : list
        Names of the feature sets.
    parts : ndarray of shape (n_targets, 2**n_sets - 1)
        Part of the variance of each target that is explained by exactly these sets: unique to
        one, or shared by several. Their sum is R2 of all sets. Parts can be negative: held-out
        R2 falls where features add nothing but noise, and sets can explain more together.
    r2 : ndarray of shape (n_targets, 2**n_sets - 1)
        Held-out R2 of the model on these sets together.
    product_measure : ndarray of shape (n_targets, n_sets)
        Share of each set in the R2 of all.
    """

    names: list[Name]
    parts: np.ndarray
    r2: np.ndarray
    product_measure: np.ndarray

    @property
    def part_names(self) -> list[str]:
        """Names of the sets of each entry, such as 'conv & fc'."""
        return subset_labels(self.names)

    @property
    def unique(self) -> np.ndarray:
        """What each set explains that no other does, of shape (n_targets, n_sets)."""
        return self.parts[:, [2**k - 1 for k in range(len(self.names))]]

    parts_interval = r2_interval = None  # as the display asks of a partition of RDMs
    cross_validated = True

    def plot(self, **options: Any) -> Any:
        """Draw the parts, as means over targets.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.VariancePartitionDisplay.from_partition`.

        Returns
        -------
        display : netrep_go.plotting.VariancePartitionDisplay
            The drawn display.
        """
        from netrep_go.plotting import VariancePartitionDisplay

        return VariancePartitionDisplay.from_partition(self, **options)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each part, and means over targets.

        Returns
        -------
        pandas.DataFrame
            With columns part, n_sets, value, r2.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        sizes = [len(names) for names in subsets(self.names)]
        return pandas().DataFrame(
            {
                "part": self.part_names,
                "n_sets": sizes,
                "value": self.parts.mean(axis=0),
                "r2": self.r2.mean(axis=0),
            }
        )


@checked
def partition_variance(
    X: Mapping[Any, ArrayLike],
    Y: ArrayLike,
    *,
    model: EncodingModel | None = None,
    groups: ArrayLike | None = None,
) -> EncodingPartition:
    r"""Partition the held-out variance of responses among feature sets.

    For each of the :math:`2^M - 1` combinations A of M sets, :math:`R^2_A` is that of an
    encoding model on the features of all its sets, side by side. The part that exactly the
    sets of S explain follows by inclusion and exclusion,

    .. math:: V_S = \sum_{A \subseteq S} (-1)^{|S| - |A|}
              \big(R^2_{\text{all}} - R^2_{\text{all} \setminus A}\big).

    The product measure [1]_ splits the predictions of the model on all sets into
    :math:`\hat y = \sum_k \hat y_k`, where set k has the share
    :math:`\sum \hat y_k (2 y - \hat y) / \sum y^2`, about the training means; the shares add
    up to its R2.

    Parameters
    ----------
    X : dict of array_like of shape (n_samples, n_features)
        Feature sets. They are not scaled: one penalty is for all features of a combination.
    Y : array_like of shape (n_samples,) or (n_samples, n_targets)
        Responses; NaN where they are missing.
    model : EncodingModel, default=None
        Its options, for 'ridge', 'ols', 'pcr', 'pls' or 'lasso' without compression. The same
        outer folds serve all combinations. None stands for ``EncodingModel()``.
    groups : array_like of shape (n_samples,), default=None
        Groups of samples, such as runs, which a number of folds keeps together, and splitters
        that take groups.

    Returns
    -------
    EncodingPartition
        Parts, R2 and product measure of each target, not clipped, with ``to_frame()``.

    Raises
    ------
    ValueError
        If the model has compression, no outer folds, or is 'banded'.

    References
    ----------
    .. [1] Dupré la Tour, T., Eickenberg, M., Nunez-Elizalde, A. O. & Gallant, J. L. (2022).
       Feature-space selection with banded ridge regression. NeuroImage 264, 119728.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import partition_variance
    >>> rng = np.random.default_rng(0)
    >>> shared, a, b = rng.standard_normal((3, 400, 1))
    >>> sets = {"a": np.hstack([shared, a]), "b": np.hstack([shared, b])}
    >>> Y = shared + 2 * b + rng.standard_normal((400, 1))
    >>> result = partition_variance(sets, Y)
    >>> dict(zip(result.part_names, (result.parts[0].round(1) + 0.0).tolist()))
    {'a': 0.0, 'b': 0.6, 'a & b': 0.2}
    """
    if not is_mapping(X):
        raise TypeError(f"X must be a dict of feature sets, got {type(X).__name__}")
    check_same_samples(X, Y=Y, groups=groups)
    sets = as_layers(X, "X")
    first = next(iter(sets.values()))
    y, _ = as_targets(Y, len(first))
    labels = as_groups(groups, len(y))
    model = EncodingModel() if model is None else model
    _check_model(model)
    outer = make_splits(model.outer_cv, first, y, labels, "r2", "outer_cv")
    shares = []
    for chosen in subsets(list(sets)):
        together = [sets[name] for name in chosen]
        widths = [x.shape[1] for x in together]
        shares.append(_held_out(model, np.hstack(together), y, labels, outer, widths))
    r2 = np.stack([share.sum(axis=0) for share in shares], axis=1)
    return EncodingPartition(
        names=list(sets), parts=parts_of(r2), r2=r2, product_measure=shares[-1].T
    )


def _check_model(model: EncodingModel) -> None:
    """Raise if a model has no coefficients of features, or nothing held out."""
    if not isinstance(model, EncodingModel):
        raise TypeError(f"model must be an EncodingModel or None, got {shown(model)}")
    if model.regression == "banded" or model.compression is not None:
        raise ValueError(
            "model must be of one penalty and without compression, got "
            f"regression={model.regression!r}, compression={model.compression!r}"
        )
    if model.outer_cv is None or isinstance(model.cv, list):
        raise ValueError("model must have outer_cv, and cv must be a number or a splitter")


def _held_out(
    model: EncodingModel,
    x: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None,
    folds: list[Split],
    widths: list[int],
) -> np.ndarray:
    """Return the product measure of sets of features side by side, which sum to R2."""
    bounds = np.cumsum([0, *widths])
    explained, total = np.zeros((len(widths), y.shape[1])), np.zeros(y.shape[1])
    for train, test in folds:
        fitted = clone(model).set_params(outer_cv=None, with_coef=True)
        fitted.fit(x[train], y[train], None if groups is None else groups[train])
        for pattern in patterns(y):
            mine = pattern.columns
            known, held_out = known_rows((train, test), pattern)
            t = pattern.y[held_out] - pattern.y[known].mean(axis=0)
            z = x[held_out] - x[known].mean(axis=0)
            each = [z[:, a:b] @ fitted.coef_[mine, a:b].T for a, b in pairwise(bounds)]
            rest = 2 * t - np.sum(each, axis=0)
            explained[:, mine] += [np.einsum("ij,ij->j", p, rest) for p in each]
            total[mine] += np.einsum("ij,ij->j", t, t)
    return np.divide(explained, total, out=np.zeros_like(explained), where=total > 0)
