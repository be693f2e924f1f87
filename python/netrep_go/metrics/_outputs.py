"""Measures of what networks answer: distances between the outputs of classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, softmax

from netrep_go._names import check_same_indexes
from netrep_go._parameters import check_parameters
from netrep_go._validation import as_exact, as_factor, as_reals, check_option
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties

__all__ = ["JSD", "AccuracyDifference", "Disagreement"]

_OUTPUTS = ("logits", "probabilities")
_SUM = 1e-3  # by which probabilities may fail to sum to 1, in half precision


class _Outputs(Measure):
    """A distance between outputs, one column for each class."""

    def _properties(self, triangle: bool, scale: bool, reference: str) -> Properties:
        return Properties(
            kind="distance",
            range=(0, 1),
            symmetric=True,
            triangle=triangle,
            invariances={"scale"} if scale else set(),
            data="outputs",
            cost="n c",
            reference=reference,
        )

    def _check_order(self, networks: Sequence[tuple[str, Any]]) -> None:
        super()._check_order(networks)
        check_same_indexes(networks, "classes", axis=-1)

    def _check_network(self, x: Any, name: str) -> np.ndarray:
        x = as_factor(x, name)
        if x.shape[1] < 2:
            raise ValueError(
                f"{name} must have a column for each of at least 2 classes, got shape {x.shape}: "
                "of one logit make two, np.column_stack([0 * x, x])"
            )
        return x


class _Distributions(NamedTuple):
    """What a network says of each sample."""

    probabilities: np.ndarray
    entropy: float  # the mean over samples, in bits
    remark: str


class JSD(_Outputs):
    r"""Jensen-Shannon divergence of the outputs of two classifiers.

    With :math:`p_i` and :math:`q_i` the probabilities that the networks give to the classes
    of sample i, and H the entropy in bits,

    .. math:: \mathrm{JSD} = \frac{1}{n} \sum_i \Big( H\big(\tfrac{p_i + q_i}{2}\big)
        - \frac{H(p_i) + H(q_i)}{2} \Big)

    Parameters
    ----------
    outputs : {'logits', 'probabilities'}, default='logits'
        What networks are given as: 'logits', of which the softmax over classes is taken, or
        'probabilities', rows of which sum to 1.

    Attributes
    ----------
    n_features_in_ : int
        Number of classes of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    Between 0 and 1, and no metric: the root of a sample's divergence is one. Probabilities
    that are given as logits would be made flatter by another softmax: there is a warning.

    References
    ----------
    Lin (1991). Divergence measures based on the Shannon entropy. IEEE Transactions on
    Information Theory 37, 145-151.

    Klabunde et al. (2025). ReSi: A Comprehensive Benchmark for Representational Similarity
    Measures. ICLR. arXiv:2408.00531.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import JSD
    >>> sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> float(JSD("probabilities").fit_score(sure, sure[::-1]))
    1.0
    """

    def __init__(self, outputs: Literal["logits", "probabilities"] = "logits") -> None:
        self.outputs = outputs
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_option(self.outputs, "outputs", _OUTPUTS)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return self._properties(False, False, "Lin 1991, doi:10.1109/18.61115")

    def _check_network(self, x: Any, name: str) -> np.ndarray:
        x = super()._check_network(x, name)
        if self.outputs == "logits":
            return x
        if x.min() < 0:
            raise ValueError(f"{name} must hold probabilities, got {x.min():.3g}")
        sums = x.sum(axis=1)
        odd = np.abs(sums - 1).argmax()
        if abs(sums[odd] - 1) > _SUM:
            raise ValueError(
                f"rows of {name} must be probabilities of sum 1, got {sums[odd]:.3g} in row {odd}"
            )
        return x

    def _prepare(self, x: np.ndarray, name: str) -> _Distributions:
        sums = x.sum(axis=1, keepdims=True)
        remark = ""
        if self.outputs == "probabilities":
            p = x / sums
        else:
            p = softmax(x, axis=1)
            if x.min() >= 0 and np.abs(sums - 1).max() < _SUM:
                remark = (
                    f"{name} looks like probabilities and is taken for logits: if rows are of sum "
                    "1, give outputs='probabilities'"
                )
        return _Distributions(p, _mean_entropy(p), remark)

    def _compare(self, x: _Distributions, y: _Distributions) -> float:
        _check_classes(x.probabilities.shape[1], y.probabilities.shape[1])
        mixed = _mean_entropy((x.probabilities + y.probabilities) / 2)
        return float(np.clip(mixed - (x.entropy + y.entropy) / 2, 0, 1))


class _Answers(NamedTuple):
    """The class that a network chooses for each sample."""

    classes: np.ndarray
    n_classes: int
    remark: str


class _Choices(_Outputs):
    """A distance between the classes of the largest outputs."""

    def _prepare(self, x: np.ndarray, name: str) -> Any:
        tied = int(((x == x.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum())
        remark = (
            f"{tied} of {len(x)} samples of {name} have several largest outputs: the first of "
            "these classes counts"
        )
        return _Answers(x.argmax(axis=1), x.shape[1], remark if tied else "")


class Disagreement(_Choices):
    r"""Share of the samples for which two classifiers choose different classes.

    .. math:: \frac{1}{n} \big| \{ i : \arg\max_c X_{ic} \ne \arg\max_c Y_{ic} \} \big|

    A metric. Logits and probabilities have the same largest outputs. Where several of a
    sample are largest the first of them counts, and there is a warning.

    Attributes
    ----------
    n_features_in_ : int
        Number of classes of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    References
    ----------
    Klabunde et al. (2025). ReSi: A Comprehensive Benchmark for Representational Similarity
    Measures. ICLR. arXiv:2408.00531.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import Disagreement
    >>> X = np.array([[2.0, 1.0], [0.0, 3.0]])
    >>> float(Disagreement().fit_score(X, np.array([[2.0, 1.0], [3.0, 0.0]])))
    0.5
    """

    @property
    def properties(self) -> Properties:
        """What is true of the measure."""
        return self._properties(True, True, "Klabunde et al. 2025, arXiv:2408.00531")

    def _compare(self, x: _Answers, y: _Answers) -> float:
        _check_classes(x.n_classes, y.n_classes)
        return float(np.mean(x.classes != y.classes))


class AccuracyDifference(_Choices):
    r"""Absolute difference of the accuracies of two classifiers.

    .. math:: \frac{1}{n} \Big| \sum_i [\arg\max_c X_{ic} = y_i]
        - \sum_i [\arg\max_c Y_{ic} = y_i] \Big|

    It is 0 for networks that make different errors, if these are as many. Where several
    outputs of a sample are largest the first of them counts, and there is a warning.

    Parameters
    ----------
    y : array_like of shape (n_samples,)
        The right class of each sample: its column, from 0.

    Attributes
    ----------
    n_features_in_ : int
        Number of classes of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    References
    ----------
    Klabunde et al. (2025). ReSi: A Comprehensive Benchmark for Representational Similarity
    Measures. ICLR. arXiv:2408.00531.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import AccuracyDifference
    >>> X, Y = np.eye(4), np.eye(4)[[0, 1, 2, 2]]
    >>> float(AccuracyDifference(y=[0, 1, 2, 3]).fit_score(X, Y))
    0.25
    """

    _by_sample = ("y",)

    def __init__(self, y: ArrayLike) -> None:
        self.y = y

    @property
    def properties(self) -> Properties:
        """What is true of the measure."""
        return self._properties(True, True, "Klabunde et al. 2025, arXiv:2408.00531")

    def _check_network(self, x: Any, name: str) -> np.ndarray:
        x = super()._check_network(x, name)
        y = _columns(self.y)
        if y.shape != (len(x),):
            raise ValueError(
                f"y must have the class of each of the {len(x)} samples of {name}, got shape "
                f"{y.shape}"
            )
        odd = y[(y < 0) | (y >= x.shape[1])]
        if odd.size:
            raise ValueError(
                f"y must have columns of {name}, from 0 to {x.shape[1] - 1}, got {odd[0]}"
            )
        return x

    def _compare(self, x: _Answers, y: _Answers) -> float:
        _check_classes(x.n_classes, y.n_classes)
        right = _columns(self.y)
        counts = [np.count_nonzero(answers.classes == right) for answers in (x, y)]
        return abs(counts[0] - counts[1]) / len(right)


def _mean_entropy(p: np.ndarray) -> float:
    """Return the entropy of distributions, which are rows, on average, in bits."""
    return float(entr(p).sum() / (len(p) * np.log(2)))


def _columns(y: Any) -> np.ndarray:
    """Return labels that are numbers of columns."""
    return as_exact(as_reals(y, "y"), np.dtype(np.int64), "y")


def _check_classes(n: int, m: int) -> None:
    if n != m:
        raise ValueError(f"X and Y: outputs must be of the same classes, got {n} and {m} columns")
