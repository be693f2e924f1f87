"""Encoding models: features of layers, regressed on measured responses."""

from __future__ import annotations

import re
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from netrep_go._cohort import check_dtype
from netrep_go._jobs import RandomState, n_threads, seed_from
from netrep_go._machine import give_back
from netrep_go._names import Name, check_same_columns, column_names
from netrep_go._parameters import checked
from netrep_go._validation import as_factor, as_matrix, check_integer, check_option, validated
from netrep_go.encoding._banded import BandedSearch, as_bands
from netrep_go.encoding._design import Design, check_compression
from netrep_go.encoding._held_out import hold_out
from netrep_go.encoding._inputs import (
    as_groups,
    as_layers,
    as_roots,
    as_targets,
    check_known,
    check_same_features,
    check_same_samples,
    is_mapping,
    make_splits,
    make_training,
    warn_of_constants,
)
from netrep_go.encoding._memory import Sizes, check_memory
from netrep_go.encoding._readouts import coefficients, readouts_of_bands, readouts_of_layers
from netrep_go.encoding._scores import SCORINGS, Scoring, Sums
from netrep_go.encoding._search import Choice, Search, Split, Training, patterns
from netrep_go.encoding._solvers import REGRESSIONS, Regression, Solver, make_solver


class EncodingModel(MultiOutputMixin, RegressorMixin, BaseEstimator):
    r"""Predict measured responses from the features of a network, or of its layers.

    Responses Y of voxels, neurons or sensors, the targets, are regressed on features X,

    .. math:: \hat Y = \bar Y + (X - \bar X) B, \qquad
              B = \arg\min \|Y - \bar Y - (X - \bar X) B\|^2 + \alpha \|B\|^2

    for ridge. Cross-validation is nested: penalty, layer and compression of features are
    found in the training samples of each outer fold, by folds ``cv`` inside of them, and the
    scores are of what the outer fold holds out. What is chosen by the scores that are then
    reported is better than chance in noise: the best of 8 layers and 20 penalties has r = 0.23.
    A last fit to all samples, with a choice of its own, is what `predict` uses.

    Parameters
    ----------
    regression : {'ridge', 'ols', 'lasso', 'pcr', 'pls', 'banded'}, default='ridge'
        Ridge, least squares (of least norm, where features are collinear), the lasso,
        regression on principal components, partial least squares of all targets together,
        or banded ridge, where the layers are not alternatives but bands with a penalty each
        (:class:`himalaya.kernel_ridge.MultipleKernelRidgeCV`, of the extra 'encoding').
    alphas : int or array_like of shape (n_alphas,), default=20
        Penalties of ridge, lasso and banded ridge, above 0; or how many, an integer. They are
        then from 1e-4 to 1e4 times the mean squared length of centered training samples, for the
        lasso from 1e-3 to 1 times the least penalty that leaves no coefficients.
    n_components : int or array_like of int of shape (n_numbers,), default=25
        Number of components of 'pcr' and 'pls', or numbers to choose from.
    gammas : int or array_like of shape (n_gammas, n_layers), default=20
        Relative weights of the bands of 'banded', or how many to draw from Dirichlet
        distributions. Bands are not scaled: give those of other units the same variance.
    alpha_per_target : bool, default=True
        Whether each target has its own penalty or number of components, or all the one with
        the best mean score.
    layer_per_target : bool, default=True
        Whether each target has its own layer.
    compression : {'pca', 'projection'}, transformer or None, default=None
        Fitted to each training set: an :class:`~sklearn.decomposition.IncrementalPCA` or a
        :class:`~sklearn.random_projection.SparseRandomProjection` to 1000 components, or
        fewer where there are fewer, or any transformer of scikit-learn.
    feature_covariance : array_like of shape (n_features, n_features) or dict, default=None
        Prior covariance S of weights (Tikhonov): the penalty is that of
        :math:`S^{-1/2} B`. A dict has one for some or all layers.
    cv : int, splitter of scikit-learn or list of splits, default=5
        Folds by which options are chosen.
    outer_cv : int, splitter of scikit-learn, list of splits or None, default=5
        Folds that are predicted and scored. None leaves them out, as for
        :func:`~sklearn.model_selection.cross_validate`, which has its own.
    refit : bool, default=True
        Whether to choose and fit with all samples at the end, for `predict` and what is of the
        last fit.
    scoring : {'r2', 'r', 'r2_fold', 'r_fold'}, default='r2'
        What is maximized and reported, see Notes.
    with_coef : bool, default=False
        Whether to store `coef_`, an array of features times targets.
    memory_limit : int or None, default=None
        Bytes that a fit may take beside X and Y. None is for the memory that is free.
    dtype : {float64, float32}, default=float64
        Precision of products of matrices; factorizations and sums are in float64.
    random_state : int, RandomState, Generator or None, default=None
        Determines random projections, and penalties of 'banded'.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show progress bars.

    Attributes
    ----------
    scores_ : ndarray of shape (n_folds, n_targets)
        Held-out score of each outer fold and target.
    score_ : ndarray of shape (n_targets,)
        Held-out score over all folds.
    predictions_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Held-out predictions: the mean of several, NaN of samples that no fold tests.
    layer_scores_ : ndarray of shape (n_layers, n_folds, n_targets)
        The same scores of each layer alone, with its own penalties.
    layer_score_ : ndarray of shape (n_layers, n_targets)
        These over all folds.
    layer_ : ndarray of shape (n_targets,)
        Layer of each target in the last fit.
    alpha_ : ndarray of shape (n_targets,)
        Penalty of each target in the last fit; `n_components_` of 'pcr' and 'pls'. For
        'banded', of shape (n_layers, n_targets), and nothing of layers and folds is stored.
    fold_layer_, fold_alpha_ : ndarray of shape (n_folds, n_targets)
        The same of each outer fold, and `fold_n_components_`.
    coef_ : ndarray of shape (n_targets, n_features) or dict
        Weights of the last fit, if asked for: of compressed features, if these are. A dict
        for layers, zero for targets that use another one.
    intercept_ : ndarray of shape (n_targets,)
        Predictions at the means of features.
    train_mean_ : ndarray of shape (n_targets,)
        Mean of the targets.
    folds_ : list of tuple of ndarray
        Training and test samples of each outer fold.
    names_ : list
        Names of the layers.

    Notes
    -----
    Scores of targets y and predictions p are

    - 'r2': :math:`1 - \sum (y - p)^2 / \sum (y - \bar y)^2`, with sums over the samples of
      all folds and :math:`\bar y` the mean of the training samples of each. It is 0 for the
      mean as prediction, however many folds there are, and defined for folds of one sample.
    - 'r': the cosine of :math:`y - \bar y` and :math:`p - \bar y`, likewise. Folds count by
      the size of their predictions: in noise its mean is 0 for given penalties, 0.006 where
      ridge chooses them (60 samples, 5 folds) and -0.06 for 'banded'; that of 'r_fold' is 0.
    - 'r2_fold': the mean over folds of scikit-learn's R2, about the mean of the test samples.
      In noise it is below 0: -0.07 for 5 folds, -0.53 for 20 folds of 5 samples.
    - 'r_fold': the mean over folds of Pearson's correlation.

    The correlation over the pooled predictions of all folds is not offered. The mean of the
    training samples of a fold is high where those left out are low, so that in noise it is
    below 0: -0.19 with 5 folds, -0.43 with 20 and -1.000 with one sample left out.

    Scores of constant targets are 0 (scikit-learn has 1 for those predicted exactly, himalaya
    0). Targets with missing values are fitted and scored on the samples that they have.
    Products of samples are used where there are more features than samples, of features
    elsewhere; one eigendecomposition of a training set serves all penalties and targets.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import EncodingModel
    >>> rng = np.random.default_rng(0)
    >>> layers = {"conv": rng.standard_normal((100, 30)), "fc": rng.standard_normal((100, 20))}
    >>> voxels = layers["fc"][:, :5] + rng.standard_normal((100, 5))
    >>> model = EncodingModel(outer_cv=4).fit(layers, voxels)
    >>> model.scores_.shape, round(float(model.score_.mean()), 2)
    ((4, 5), 0.38)
    >>> print(*model.layer_)
    fc fc fc fc fc
    """

    def __init__(
        self,
        regression: Regression = "ridge",
        *,
        alphas: int | ArrayLike = 20,
        n_components: int | ArrayLike = 25,
        gammas: int | ArrayLike = 20,
        alpha_per_target: bool = True,
        layer_per_target: bool = True,
        compression: Any = None,
        feature_covariance: Any = None,
        cv: Any = 5,
        outer_cv: Any = 5,
        refit: bool = True,
        scoring: Scoring = "r2",
        with_coef: bool = False,
        memory_limit: int | None = None,
        dtype: DTypeLike = np.float64,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.regression = regression
        self.alphas = alphas
        self.n_components = n_components
        self.gammas = gammas
        self.alpha_per_target = alpha_per_target
        self.layer_per_target = layer_per_target
        self.compression = compression
        self.feature_covariance = feature_covariance
        self.cv = cv
        self.outer_cv = outer_cv
        self.refit = refit
        self.scoring = scoring
        self.with_coef = with_coef
        self.memory_limit = memory_limit
        self.dtype = dtype
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @checked
    def fit(self, X: Any, Y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Choose, fit, and predict what was held out.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or dict of these
            Features, or those of each layer.
        Y : array_like of shape (n_samples,) or (n_samples, n_targets)
            Responses; NaN where they are missing.
        groups : array_like of shape (n_samples,), default=None
            Groups of samples, such as runs, which a number of folds keeps together, and splitters
            that take groups.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If layers differ in their samples, an option is out of range, or a fold has no
            training samples or tests some of them.
        MemoryError
            If more memory would be needed than there is, or than ``memory_limit``.

        Warns
        -----
        UserWarning
            If targets are constant.
        """
        self._check()
        check_same_samples(X, Y=Y, groups=groups)
        check_same_features(X, self.feature_covariance)
        layers = self._layers(X, Y)
        self._columns = {name: column_names(x) for name, x in self._given(X).items()}
        self._targets = column_names(Y)
        x = next(iter(layers.values()))
        y, self._is_vector = as_targets(Y, len(x))
        labels = as_groups(groups, len(x))
        warn_of_constants(y)
        outer = []
        if self.outer_cv is not None:
            outer = make_splits(self.outer_cv, x, y, labels, self.scoring, "outer_cv")
            check_known(y, outer, "outer_cv")
        sets = [rows for rows, _ in outer] + [np.arange(len(x))] * bool(self.refit)
        trainings = [
            make_training(rows, self.cv, x, y, labels, self.scoring, self.outer_cv is not None)
            for rows in sets
        ]
        self._check_memory(layers, y, trainings)
        self.train_mean_ = np.nanmean(y, axis=0)
        self._seed = seed_from(self.random_state)
        self.names_, self._widths = list(layers), [x.shape[1] for x in layers.values()]
        search: Any = self._search(layers, y - self.train_mean_)
        if self.regression == "banded":
            search = BandedSearch(search, as_bands(self.gammas, len(layers)), self._seed)
        with search.solver.hushed():
            self._run(search, trainings, outer)
        return self

    def _run(self, search: Any, trainings: list[Training], outer: list[Split]) -> None:
        """Choose, predict what was held out, and fit to all samples."""
        give_back()
        choices = search.choose(trainings)
        give_back()
        chosen = choices[: len(outer)]
        self.folds_, self._chosen = outer, chosen
        if outer:
            self._store_held_out(search, chosen)
            give_back()
        if self.refit:
            self._store_fit(search, choices[-1])

    def _check(self) -> None:
        check_option(self.regression, "regression", REGRESSIONS)
        check_option(self.scoring, "scoring", SCORINGS)
        check_dtype(self.dtype)
        if self.outer_cv is None and not self.refit:
            raise ValueError("refit=False and outer_cv=None leave nothing to fit")
        if self.regression == "banded" and self.compression is not None:
            raise ValueError("regression='banded' takes no compression: compress its bands before")
        check_compression(self.compression)
        if np.ndim(self.gammas) == 0:
            check_integer(self.gammas, "gammas", 1)
        if self.memory_limit is not None:
            check_integer(self.memory_limit, "memory_limit", 0, 2**63 - 1)

    def _check_memory(
        self, layers: dict[Name, np.ndarray], y: np.ndarray, trainings: list[Training]
    ) -> None:
        """Raise if the fit would take more memory than it may."""
        folds = [train for training in trainings for train, _ in training.splits]
        check_memory(
            Sizes(
                n_samples=len(y),
                n_features=[x.shape[1] for x in layers.values()],
                n_targets=y.shape[1],
                n_options=self._solver().n_options,
                n_folds=len(trainings) - bool(self.refit),
                largest_training=max(map(len, [*folds, *(t.rows for t in trainings)])),
                missing=bool(np.isnan(y).any()),
                regression=self.regression,
                compressed=self.compression is not None,
                transformed=self.feature_covariance is not None,
                with_coef=self.with_coef,
                n_jobs=n_threads(self.n_jobs),
            ),
            self.memory_limit,
        )

    def _solver(self) -> Solver:
        return make_solver(self.regression, self.alphas, self.n_components, np.dtype(self.dtype))

    def _layers(self, X: Any, Y: Any) -> dict[Name, np.ndarray]:
        """Return the layers of X, which is one layer or a mapping of them."""
        self._is_mapping = is_mapping(X)
        if self._is_mapping:
            return as_layers(X, "X")
        return {0: as_factor(self._one_layer(X, ensure_min_samples=2), "X")}

    def _given(self, X: Any) -> dict[Name, Any]:
        """Return the layers of X as they were given."""
        return dict(X) if is_mapping(X) else {0: X}

    def _one_layer(self, X: Any, **options: Any) -> np.ndarray:
        """Return a matrix as scikit-learn validates it; its errors do not name X."""
        try:
            found: np.ndarray = validated(self, X, dtype=np.float64, order="C", **options)
        except (TypeError, ValueError) as error:
            named = re.search(r"\bX\b", str(error))
            raise error if named else type(error)(f"X: {error}") from None
        return found

    def _search(self, layers: dict[Name, np.ndarray], y: np.ndarray) -> Search:
        roots = as_roots(self.feature_covariance, layers)
        designs = [
            Design(x, roots.get(name), self.compression, self._seed, self.dtype)
            for name, x in layers.items()
        ]
        for design in designs:
            if self.regression == "banded" or (
                self.regression == "ridge" and design.is_dual(len(y) // 2)
            ):
                _ = design.gram  # before threads ask for it
        return Search(
            designs=designs,
            y=y,
            solver=self._solver(),
            scoring=self.scoring,
            alpha_per_target=self.alpha_per_target,
            layer_per_target=self.layer_per_target,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )

    def _searched(self, X: Any, y: np.ndarray) -> tuple[Search, list[Choice]]:
        """Return the search of a fit anew, and what it had chosen in each outer fold."""
        return self._search(self._new_layers(X), y - self.train_mean_), self._chosen

    def _store_held_out(self, search: Search, chosen: list[Choice]) -> None:
        """Predict and score what each fold holds out."""
        found = hold_out(search, self.folds_, chosen)
        self.scores_, self.score_ = found.scores, found.score
        predictions = found.predictions
        predictions += self.train_mean_
        self.predictions_ = predictions[:, 0] if self._is_vector else predictions
        if self.regression == "banded":
            return
        self.layer_scores_, self.layer_score_ = found.layer_scores, found.layer_score
        self.fold_layer_ = np.stack([self._layer_names(choice.layer) for choice in chosen])
        if self.regression != "ols":
            pairs = zip(self.folds_, chosen, strict=True)
            picked = [search.picked(rows, choice) for (rows, _), choice in pairs]
            setattr(self, f"fold_{self._option}", np.stack(picked))

    def _store_fit(self, search: Any, choice: Choice) -> None:
        """Fit what was chosen to all samples: all bands together, or each target to its layer."""
        if self.regression == "banded":
            self._readouts, means, self.alpha_ = readouts_of_bands(search)
        else:
            self._readouts, means = readouts_of_layers(search, choice)
            self.layer_ = self._layer_names(choice.layer)
            if self.regression != "ols":
                rows = np.arange(len(search.y))
                setattr(self, self._option, search.picked(rows, choice))
        self.intercept_ = self.train_mean_ + means
        if self.with_coef:
            coef = coefficients(self._readouts, len(means))
            named = {self.names_[layer]: found for layer, found in coef.items()}
            self.coef_: Any = named if self._is_mapping else named[self.names_[0]]

    @property
    def _option(self) -> str:
        return "n_components_" if self.regression in ("pcr", "pls") else "alpha_"

    def _layer_names(self, layer: np.ndarray) -> np.ndarray:
        names = np.empty(len(self.names_), object)
        names[:] = self.names_
        return names[layer]

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted responses to new samples.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or dict of these
            Features, of the same layers as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If X is not finite, or has other layers or features than in the fit.
        """
        check_is_fitted(self, "intercept_")
        layers = self._new_layers(X)
        n = len(next(iter(layers.values())))
        predicted = np.tile(self.intercept_, (n, 1))
        for readout in self._readouts:
            x = layers[self.names_[readout.layer]]
            predicted[:, readout.columns] += readout.predict(x)
        return predicted[:, 0] if self._is_vector else predicted

    def _new_layers(self, X: Any) -> dict[Name, np.ndarray]:
        """Return new samples of the layers of the fit."""
        if not self._is_mapping:
            x = as_matrix(self._one_layer(X, reset=False), "X")
            check_same_columns(X, "X", self._columns[0])
            return {0: x}
        if not is_mapping(X) or set(X) != set(self.names_):
            given = list(X) if is_mapping(X) else type(X).__name__
            raise ValueError(f"X must hold the layers {self.names_} of the fit, got {given}")
        for name, x in X.items():
            check_same_columns(x, f"X[{name!r}]", self._columns[name])
        layers = as_layers(X, "X")
        for name, width in zip(self.names_, self._widths, strict=True):
            if layers[name].shape[1] != width:
                raise ValueError(
                    f"X[{name!r}] must have the {width} features of the fit, got "
                    f"{layers[name].shape[1]}"
                )
        return layers

    @checked
    def score(self, X: Any, Y: ArrayLike, *, per_target: bool = False) -> Any:
        """Return how well new responses are predicted.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or dict of these
            Features.
        Y : array_like of shape (n_samples,) or (n_samples, n_targets)
            Responses; NaN where they are missing.
        per_target : bool, default=False
            Whether to return the score of each target, not their mean.

        Returns
        -------
        float or ndarray of shape (n_targets,)
            By ``scoring``; 'r2' and 'r' are about the means of the samples of `fit`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            As :meth:`predict`, or if Y has other targets than in the fit.
        """
        check_same_samples(X, Y=Y)
        predicted = self.predict(X)
        self._check_targets(Y)
        y, _ = as_targets(Y, len(predicted))
        if y.shape[1] != len(self.train_mean_):
            raise ValueError(
                f"Y must have the {len(self.train_mean_)} target(s) of the fit, got {y.shape[1]}"
            )
        t, p = y - self.train_mean_, predicted.reshape(y.shape) - self.train_mean_
        scores = np.empty(y.shape[1])
        for pattern in patterns(t):
            rows = pattern.known
            sums = Sums.of(pattern.y[rows], p[np.ix_(rows, pattern.columns)])
            scores[pattern.columns] = sums.score(self.scoring)
        return scores if per_target else float(scores.mean())

    def _check_targets(self, Y: Any) -> None:
        """Raise if targets are named apart from those of the fit."""
        check_same_columns(Y, "Y", self._targets, "target")
