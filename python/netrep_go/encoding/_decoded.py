"""Labels and features that are decoded: their folds, fits and scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    StratifiedGroupKFold,
    check_cv,
)
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from netrep_go._jobs import ignoring
from netrep_go._names import Name, column_names, names_or_numbers
from netrep_go._validation import (
    as_array,
    as_codes,
    check_estimator,
    check_integer,
    check_option,
    ndim_of,
)
from netrep_go.encoding._inputs import check_groups, make_splits
from netrep_go.encoding._model import EncodingModel
from netrep_go.encoding._scores import SCORINGS, Accumulator, Scoring, Sums
from netrep_go.encoding._search import Split

_MOST_FEATURES = 5000  # of linear discriminant analysis, whose covariance then has 200 MB


class Labels:
    """Labels to tell apart, scored by the share of each that is found in all folds together."""

    method = "balanced accuracy"

    def __init__(self, y: Any, n_samples: int, name: str = "y") -> None:
        values, codes = as_codes(y, name, n_samples)
        self.names: list[Name] = values.tolist()
        if len(values) < 2:
            raise ValueError(f"{name} must have at least 2 labels, got {self.names[0]!r} alone")
        if values.dtype.kind == "f" and (values % 1).any():
            raise ValueError(
                f"{name} must have labels, got numbers such as {values[values % 1 != 0][0]:g}: "
                "these take a regressor, as in decode_features"
            )
        self.values, self.y = values, values[codes]
        self.chance = 1 / len(values)
        self._name = name

    def splits(self, cv: Any, groups: np.ndarray | None, y: np.ndarray) -> list[Split]:
        """Return folds with all labels in each, as far as they can be."""
        codes = np.searchsorted(self.values, y)
        is_number = isinstance(cv, (int, np.integer))
        if is_number:
            check_integer(cv, "cv", 2)
        splitter = check_cv(cv, codes, classifier=True) if cv is None or is_number else cv
        if groups is not None and is_number:
            check_groups(cv, groups, "cv")
            splitter = StratifiedGroupKFold(cv)
        with ignoring("The least populated class"):  # of no consequence for scores over all folds
            return make_splits(
                splitter, codes[:, np.newaxis], codes[:, np.newaxis], groups, "r2", "cv"
            )

    def check(self, splits: Sequence[Split]) -> None:
        """Raise if a label is not in all training sets, or in no test set."""
        for fold, (train, _) in enumerate(splits):
            lost = np.setdiff1d(self.values, self.y[train])
            if lost.size:
                raise ValueError(
                    f"fold {fold} of cv must have training samples of each label, got none of "
                    f"{lost.tolist()[0]!r} in {self._name}"
                )
        lost = np.setdiff1d(self.values, self.y[np.concatenate([test for _, test in splits])])
        if lost.size:
            raise ValueError(
                f"cv must test samples of each label, got none of {lost.tolist()[0]!r}"
            )

    def fit(self, estimator: Any, x: np.ndarray, y: np.ndarray, groups: Any) -> Any:
        """Return a fitted classifier."""
        if (y == y[0]).all():  # of permuted labels: there is nothing to learn
            estimator = DummyClassifier(strategy="most_frequent")
        return fitted(estimator, x, y, groups)

    def scores(
        self, y: np.ndarray, splits: Sequence[Split], predicted: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return the share of held-out samples of each label that are found."""
        confusion = self.confusion(y, splits, predicted)
        with np.errstate(invalid="ignore"):
            return np.diagonal(confusion) / confusion.sum(axis=1)

    def confusion(
        self, y: np.ndarray, splits: Sequence[Split], predicted: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return how many samples of each label are predicted as each."""
        true = np.concatenate([y[test] for _, test in splits])
        found = np.concatenate([*predicted])
        counts = np.zeros((len(self.values),) * 2, np.int64)
        at = np.searchsorted(self.values, true), np.searchsorted(self.values, found)
        np.add.at(counts, at, 1)
        return counts

    def predictions(self, splits: Sequence[Split], predicted: Sequence[np.ndarray]) -> np.ndarray:
        """Return the label of each sample, the most frequent of several, None if there is none."""
        votes = np.zeros((len(self.y), len(self.values)), np.int64)
        for (_, test), labels in zip(splits, predicted, strict=True):
            np.add.at(votes, (test, np.searchsorted(self.values, labels)), 1)
        found = self.values[votes.argmax(axis=1)]
        untested = ~votes.any(axis=1)
        if untested.any():
            found = found.astype(object)
            found[untested] = None
        return found


class FeatureTargets:
    """Features to predict, scored as responses are in encoding models."""

    chance = 0.0

    def __init__(self, y: Any, n_samples: int, scoring: Scoring = "r", name: str = "Y") -> None:
        check_option(scoring, "scoring", SCORINGS)
        self.is_vector = ndim_of(y, name) == 1
        self.y = as_array(y, name, 1 if self.is_vector else 2)
        if len(self.y) != n_samples:
            raise ValueError(f"{name} must have the {n_samples} samples of X, got {len(self.y)}")
        columns = None if self.is_vector else column_names(y)
        self.names = names_or_numbers(columns, 1 if self.is_vector else self.y.shape[1])
        self.method: Scoring = scoring

    def splits(self, cv: Any, groups: np.ndarray | None, y: np.ndarray) -> list[Split]:
        """Return folds, of whole groups if there are any."""
        matrix = _columns(y)
        return make_splits(cv, matrix, matrix, groups, self.method, "cv")

    def check(self, splits: Sequence[Split]) -> None:
        """Do nothing: all folds will do."""

    def fit(self, estimator: Any, x: np.ndarray, y: np.ndarray, groups: Any) -> Any:
        """Return a fitted regression."""
        return fitted(estimator, x, y, groups)

    def scores(
        self, y: np.ndarray, splits: Sequence[Split], predicted: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return the score of each feature."""
        total = Accumulator(self.method)
        matrix = _columns(y)
        for (train, test), p in zip(splits, predicted, strict=True):
            mean = matrix[train].mean(axis=0)
            total.add(Sums.of(matrix[test] - mean, _columns(p) - mean))
        return total.score

    def predictions(self, splits: Sequence[Split], predicted: Sequence[np.ndarray]) -> np.ndarray:
        """Return the prediction of each sample, the mean of several, NaN if there is none."""
        total, times = np.zeros(self.y.shape), np.zeros(len(self.y))
        for (_, test), p in zip(splits, predicted, strict=True):
            total[test] += p.reshape(total[test].shape)
            times[test] += 1
        with np.errstate(invalid="ignore"):
            return (total.T / times).T


Decoded = Labels | FeatureTargets


def as_cv(cv: Any) -> Any:
    """Return folds that can be gone through more than once."""
    return list(cv) if isinstance(cv, Iterator) else cv


def as_estimator(estimator: Any, task: Decoded, n_features: int) -> Any:
    """Return what decodes labels or features, an encoding model without folds of its own."""
    wants_labels = isinstance(task, Labels)
    if estimator is None and wants_labels:
        if n_features > _MOST_FEATURES:
            raise ValueError(
                f"estimator must be given for more than {_MOST_FEATURES} features, got "
                f"{n_features}: the memory of the default one grows with their square, that of "
                "make_pipeline(StandardScaler(), RidgeClassifier()) does not"
            )
        priors = np.full(len(task.names), task.chance)
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=priors)
    if estimator is None and isinstance(task, FeatureTargets):
        estimator = EncodingModel(scoring=task.method)
    check_estimator(estimator, "estimator")
    if not (is_classifier if wants_labels else is_regressor)(estimator):
        kind = "classifier" if wants_labels else "regressor"
        raise ValueError(f"estimator must be a {kind}, got {estimator!r}")
    if isinstance(estimator, EncodingModel):
        return clone(estimator).set_params(outer_cv=None, n_jobs=1, verbose=False)
    return estimator


def fitted(estimator: Any, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> Any:
    """Return a copy that is fitted, with the groups of samples if it takes these."""
    if groups is None or not _takes_groups(estimator):
        return clone(estimator).fit(x, y)
    if isinstance(estimator, EncodingModel) and isinstance(estimator.cv, int):
        # a training set has fewer groups than the data
        estimator = clone(estimator).set_params(cv=min(estimator.cv, len(np.unique(groups))))
    return clone(estimator).fit(x, y, groups=groups)


def _takes_groups(estimator: Any) -> bool:
    """Whether an estimator, or the splitter of a search, keeps groups together."""
    if isinstance(estimator, (GridSearchCV, RandomizedSearchCV)):
        return bool(get_routing_for_object(estimator.cv).consumes("split", ["groups"]))
    return bool(has_fit_parameter(estimator, "groups"))


def predict_folds(
    task: Decoded,
    estimator: Any,
    x: np.ndarray,
    y: np.ndarray,
    splits: Sequence[Split],
    groups: np.ndarray | None,
    tests: Sequence[np.ndarray],
) -> list[list[np.ndarray]]:
    """Fit each fold to ``x``, and predict its test samples in other data of the same samples.

    There is a list for each of these data sets, with the predictions of each fold.
    """
    found = []
    for train, test in splits:
        model = task.fit(estimator, x[train], y[train], None if groups is None else groups[train])
        predicted = model.predict(np.concatenate([z[test] for z in tests]))
        found.append(np.split(predicted, len(tests)))
    return [list(each) for each in zip(*found, strict=True)]


def _columns(y: np.ndarray) -> np.ndarray:
    return y.reshape(len(y), -1)
