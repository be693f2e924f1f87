"""Compression of activations that are larger than memory."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import load_npz, save_npz
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.random_projection import SparseRandomProjection
from sklearn.utils.validation import check_is_fitted

from netrep_go._disk import DiskArray, NpyWriter
from netrep_go._files import as_path, reading
from netrep_go._jobs import RandomState, as_random_state, counted, warn_user
from netrep_go._names import check_same_columns, column_names
from netrep_go._parameters import checked
from netrep_go._parts import replacing
from netrep_go._validation import check_integer, check_option
from netrep_go.encoding._compression_cost import LIMIT, METHODS, CompressionCost, compression_cost
from netrep_go.encoding._streaming import Moments, Source, Spread, principal_axes

_FORMAT = 1
_TOLD = 1024  # features by which the variance that projections explain is told
_SUMS = {4: 1e60, 8: 1e140}  # the largest sum of squares in a type, by its bytes
_ARRAYS = ("mean_", "explained_variance_", "explained_variance_ratio_")
_NUMBERS = ("method_", "n_samples_", "n_features_in_", "total_variance_")


class StreamedPCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Principal components of activations that do not fit into memory.

    The data are read by blocks, once or twice, and nothing that is as large as they are is held
    or mapped. Three ways lead to components, of which the first two are exact:

    - ``'gram'``, of few samples with many features: the centered n x n Gram matrix is summed over
      blocks of features in float64. A second pass makes the loadings and writes them, block by
      block, to `folder`: 1,000 components of 802,816 features in float32 have 3.2 GB.
    - ``'covariance'``, of few features: their p x p covariance is summed over blocks of samples.
    - ``'projection'``, of many of both: features are projected on `n_projected` sparse random
      directions [1]_, and the covariance of these has the components. There is one pass.

    Parameters
    ----------
    n_components : int, default=1000
        Number of components. There are fewer if the data have lower rank, with a warning.
    method : {'auto', 'gram', 'covariance', 'projection'}, default='auto'
        The method. 'auto' is the exact one of the smaller matrix if that fits into
        `memory_limit`, else 'projection'.
    n_projected : int, default=None
        Number of random directions. If None, four times `n_components`.
    folder : path, default=None
        Where the loadings are written and the rest is saved. If None, all is in memory.
    memory_limit : int, default=2**30
        Bytes that may be used beside the interpreter, the data if they are in memory, and what
        is returned.
    random_state : int, RandomState, Generator or None, default=None
        Determines the projection.
    verbose : bool, default=False
        Show a progress bar, of blocks.

    Attributes
    ----------
    method_ : str
        The method that was used.
    n_components_ : int
        Number of components.
    explained_variance_ : ndarray of shape (n_components_,)
        Variances of the components.
    explained_variance_ratio_ : ndarray of shape (n_components_,)
        Shares of the variance of all features that linear functions of the components explain
        in the samples of the fit. For projections they are estimated from 1,024 features,
        drawn at random, where there are more; NaN if these do not vary.
    total_variance_ : float
        Sum of the variances of all features.
    mean_ : ndarray of shape (n_features_in_,)
        Means of the features.
    loadings_ : ndarray of shape (n_features_in_, n_components_), or what reads it from `folder`
        Components, as columns; of the projections, if there are any.
    projection_ : sparse matrix of shape (n_features_in_, n_projected), or None
        The random directions.
    n_samples_, n_features_in_ : int
        Sizes of the data.

    References
    ----------
    .. [1] Li, P., Hastie, T. J. & Church, K. W. (2006). Very sparse random projections. KDD.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import StreamedPCA
    >>> X = np.random.default_rng(0).standard_normal((50, 400))
    >>> pca = StreamedPCA(n_components=10).fit(X)
    >>> pca.method_, pca.transform(X[:3]).shape
    ('gram', (3, 10))

    Activations on the disk, to components on the disk:

    >>> from netrep_go.extract import ActivationStore
    >>> layer = ActivationStore("val.h5")["features.0"]  # doctest: +SKIP
    >>> StreamedPCA(1000, folder="pca").fit(layer)  # doctest: +SKIP
    >>> StreamedPCA.load("pca").transform(new_images)  # doctest: +SKIP
    """

    def __init__(
        self,
        n_components: int = 1000,
        *,
        method: str = "auto",
        n_projected: int | None = None,
        folder: str | os.PathLike[str] | None = None,
        memory_limit: int = LIMIT,
        random_state: RandomState = None,
        verbose: bool = False,
    ) -> None:
        self.n_components = n_components
        self.method = method
        self.n_projected = n_projected
        self.folder = folder
        self.memory_limit = memory_limit
        self.random_state = random_state
        self.verbose = verbose

    @checked
    def fit(self, X: Any, y: Any = None) -> StreamedPCA:
        """Find the components.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or iterable of blocks of samples
            Activations: an array, a memory map, which is read and not mapped, a layer of
            :class:`~netrep_go.extract.ActivationStore`, a data set of h5py, an array of zarr, or
            a generator, which is read once, and therefore not for 'gram'.
        y : None, default=None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        MemoryError
            If the method does not fit into `memory_limit`, or the loadings do not and there is
            no `folder`.
        FileExistsError
            If there is something in the folder.
        ValueError
            If X is not finite, does not vary, or has one sample.
        """
        check_integer(self.n_components, "n_components", 1)
        check_integer(self.memory_limit, "memory_limit", 1, 2**63 - 1)
        check_option(self.method, "method", ("auto", *METHODS))
        if self.n_projected is not None:
            check_integer(self.n_projected, "n_projected", self.n_components)
        folder = None if self.folder is None else as_path(self.folder, "folder")
        if folder is not None:
            _check_empty(folder, "folder")
        source = Source(X, self.memory_limit // 4)
        self.projection_, self._columns = None, column_names(X)
        if source.once:
            self._fit_stream(source)
        else:
            n_samples, n_features = source.shape
            _check_samples(n_samples)
            self.method_ = self._choose(n_samples, n_features)
            if self.method_ == "gram":
                self._fit_gram(source)
            else:
                self._fit_rows(source, source.rows(), n_features)
        if self.n_components_ < self.n_components:
            warn_user(f"X has no more than {self.n_components_} components, of {self.n_components}")
        if folder is not None:
            self._save_rest(folder)
        return self

    def _fit_stream(self, source: Source) -> None:
        """Fit to blocks that are read once."""
        blocks = iter(source.rows())
        first = next(blocks, None)
        if first is None:
            raise ValueError("X must have at least one block of samples, got none")
        n_features = first.shape[1]
        exact = compression_cost(0, n_features, self.n_components, method="covariance")
        fits = exact.memory <= self.memory_limit // 2
        self.method_ = ("covariance" if fits else "projection") if self._is_auto else self.method
        if self.method_ == "gram":
            raise ValueError(
                "method must not be 'gram' for blocks that are read once: write them to the disk, "
                "by netrep_go.extract.activations(store=), or take 'projection'"
            )
        self._check_memory(0, n_features)

        def chained() -> Iterator[np.ndarray]:
            yield first
            yield from blocks

        self._fit_rows(source, chained(), n_features)

    @property
    def _is_auto(self) -> bool:
        return self.method == "auto"

    def _cost(self, method: str, n_samples: int, n_features: int) -> CompressionCost:
        return compression_cost(
            n_samples, n_features, self.n_components, method=method, n_projected=self.n_projected
        )

    def _choose(self, n_samples: int, n_features: int) -> str:
        """Return the method, or say what does not fit."""
        if self._is_auto:
            smaller = "gram" if n_samples < n_features else "covariance"
            fits = self._cost(smaller, n_samples, n_features).memory <= self.memory_limit // 2
            self.method_ = smaller if fits else "projection"
        else:
            self.method_ = self.method
        self._check_memory(n_samples, n_features)
        return self.method_

    def _check_memory(self, n_samples: int, n_features: int) -> None:
        cost = self._cost(self.method_, n_samples, n_features)
        if cost.memory > self.memory_limit // 2:  # the other half is for blocks
            remedy = "n_projected" if self.method_ == "projection" else "method='projection'"
            raise MemoryError(
                f"method {self.method_!r} needs {2 * cost.memory / 1e9:.3g} GB with its blocks of "
                f"data, but memory_limit is {self.memory_limit / 1e9:.3g} GB: set it higher, or "
                f"{remedy}"
            )
        if self.folder is None and cost.disk > self.memory_limit // 2:
            raise MemoryError(
                f"{self.n_components} components of {n_features} features are "
                f"{cost.disk / 1e9:.3g} GB, but memory_limit is {self.memory_limit / 1e9:.3g} GB: "
                "set folder, which they are written to"
            )

    def _fit_gram(self, source: Source) -> None:
        n, n_features = source.shape
        gram, mean = np.zeros((n, n)), np.empty(n_features)
        for place, block in self._counted("Gram matrix", source.columns()):
            mean[place] = block.mean(axis=0)
            block = block - mean[place]
            gram += block @ block.T
        total = float(np.trace(gram))
        _check_varies(total, n, mean, source.dtype())
        values, vectors = principal_axes(gram, self.n_components, source.dtype(), n)
        del gram
        self._set(n, mean, values / (n - 1), values / total, total / (n - 1))
        scores = (vectors / np.sqrt(values)).astype(source.dtype())
        with self._new_loadings(n_features, source.dtype()) as keep:
            for place, block in self._counted("Loadings", source.columns()):
                block = (block - mean[place]).astype(source.dtype())
                keep(place.start, block.T @ scores)

    def _fit_rows(self, source: Source, blocks: Iterator[np.ndarray], n_features: int) -> None:
        """Fit to the covariance of features, or of projections and some features."""
        told, rng = np.empty(0, int), as_random_state(self.random_state)
        if self.method_ == "projection":
            told = self._draw_projection(n_features, source.dtype(), rng)
        moments, features = self._sums(blocks, n_features, told)
        n, total = moments.n, features.total()
        _check_samples(n)
        _check_varies(total, n, features.mean(), source.dtype())
        products = moments.products()
        side = len(products) - len(told)
        across, of_told = products[:side, side:].copy(), np.trace(products[side:, side:])
        inner = products if not len(told) else products[:side, :side].copy()
        del products
        values, vectors = principal_axes(inner, self.n_components, source.dtype(), n)
        ratio = values / total
        if len(told):
            explained = ((vectors.T @ across) ** 2).sum(axis=1) / values
            ratio = explained / of_told if of_told > 0 else np.full(len(values), np.nan)
        self._set(n, features.mean(), values / (n - 1), ratio, total / (n - 1))
        with self._new_loadings(side, source.dtype()) as keep:
            keep(0, vectors.astype(source.dtype()))

    def _draw_projection(
        self, n_features: int, dtype: np.dtype, rng: np.random.RandomState
    ) -> np.ndarray:
        """Draw the projections, and return the features that tell what they explain."""
        n_projected = int(self.n_projected or 4 * int(self.n_components))
        if n_projected > n_features:
            raise ValueError(
                f"n_projected must be at most the {n_features} features of X, got "
                f"{n_projected}: take method='covariance'"
            )
        projection = SparseRandomProjection(n_projected, random_state=rng)
        projection.fit(np.broadcast_to(np.float32(0), (1, n_features)))
        self.projection_ = projection.components_.T.tocsr().astype(dtype)
        return np.sort(rng.permutation(n_features)[:_TOLD])

    def _sums(
        self, blocks: Iterator[np.ndarray], n_features: int, told: np.ndarray
    ) -> tuple[Moments, Spread]:
        """Return the moments of what is projected and of some features, and the spread of all."""
        moments, features = Moments(), Spread(n_features)
        for block in self._counted("Covariance", blocks):
            if block.shape[1] != n_features:
                raise ValueError(
                    f"blocks of X must have one number of features, got {n_features} and "
                    f"{block.shape[1]}"
                )
            features.add(block)
            moments.add(np.hstack([self._projected(block), block[:, told]]))
        return moments, features

    def _projected(self, block: np.ndarray) -> np.ndarray:
        if self.projection_ is None:
            return block
        return np.asarray(block.astype(self.projection_.dtype) @ self.projection_, np.float64)

    def _set(
        self, n: int, mean: np.ndarray, variance: np.ndarray, ratio: np.ndarray, total: float
    ) -> None:
        self.n_samples_, self.n_features_in_ = n, len(mean)
        self.mean_, self.total_variance_ = mean, total
        self.explained_variance_, self.explained_variance_ratio_ = variance, ratio

    @contextmanager
    def _new_loadings(
        self, n_rows: int, dtype: np.dtype
    ) -> Iterator[Callable[[int, np.ndarray], None]]:
        """Yield what keeps rows of loadings, in memory or in the folder."""
        shape = (n_rows, len(self.explained_variance_))
        if self.folder is None:
            self.loadings_: Any = np.empty(shape, dtype)

            def keep(start: int, rows: np.ndarray) -> None:
                self.loadings_[start : start + len(rows)] = rows

            yield keep
            return
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        writer = NpyWriter(_loadings_file(Path(self.folder)), dtype, shape[1])
        try:
            yield writer.write
            writer.commit(n_rows)
            self.loadings_ = writer.reader(n_rows)
        finally:
            writer.close()

    def transform(self, X: Any) -> np.ndarray:
        """Return the components of samples.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or iterable of blocks of samples
            As in `fit`. Loadings on the disk are read once for all samples, but once for each
            block of an iterable.

        Returns
        -------
        components : ndarray of shape (n_samples, n_components_)
            In the type of the loadings.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If X is not finite, or has another number of features than in the fit.
        """
        check_is_fitted(self)
        check_same_columns(X, "X", getattr(self, "_columns", None))  # a file has none
        source = Source(X, self.memory_limit // 4)
        if source.once:
            blocks = [self.transform(block) for block in source.rows()]
            if not blocks:
                raise ValueError("X must have at least one block of samples, got none")
            return np.concatenate(blocks)
        if source.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {source.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input"
            )
        found = self._by_rows(source) if self.projection_ is not None else self._by_columns(source)
        return found.astype(self.loadings_.dtype)

    def _by_rows(self, source: Source) -> np.ndarray:
        loadings = np.asarray(self.loadings_, np.float64)
        center = self._projected(self.mean_[np.newaxis])
        return np.concatenate([(self._projected(b) - center) @ loadings for b in source.rows()])

    def _by_columns(self, source: Source) -> np.ndarray:
        found = np.zeros((source.shape[0], self.n_components_))
        dtype = self.loadings_.dtype
        for place, block in source.columns():
            found += (block - self.mean_[place]).astype(dtype) @ self.loadings_[place]
        return found

    @property
    def n_components_(self) -> int:
        """Number of components."""
        return len(self.explained_variance_)

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learnt to a folder, as .npy files and JSON.

        Parameters
        ----------
        path : path
            The folder, which must be empty or not there.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        FileExistsError
            If there is something in the folder.
        """
        check_is_fitted(self)
        folder = as_path(path, "path")
        _check_empty(folder, "path")
        folder.mkdir(parents=True, exist_ok=True)
        writer = NpyWriter(_loadings_file(folder), self.loadings_.dtype, self.n_components_)
        step = max(1, self.memory_limit // (8 * 8 * max(1, self.n_components_)))
        for start in range(0, len(self.loadings_), step):
            writer.write(start, self.loadings_[start : start + step])
        writer.commit(len(self.loadings_))
        writer.close()
        self._save_rest(folder)

    def _save_rest(self, folder: Path) -> None:
        """Write all but the loadings; what says that all is there comes last."""
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        if self.projection_ is not None:
            save_npz(folder / "projection_.npz", self.projection_)
        with replacing(folder / "compression.json") as path:
            path.write_text(
                json.dumps({"format": _FORMAT, "params": self._params(), **self._told()})
            )

    def _params(self) -> dict[str, Any]:
        params = self.get_params()
        names = ("n_components", "n_projected", "memory_limit")
        counts = {k: None if params[k] is None else int(params[k]) for k in names}
        return {"method": str(self.method), **counts}

    def _told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _NUMBERS}

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> StreamedPCA:
        """Return what was saved. Loadings stay on the disk and are read when they are needed.

        Parameters
        ----------
        path : path
            The folder.

        Returns
        -------
        pca : StreamedPCA
            The fitted estimator.

        Raises
        ------
        FileNotFoundError
            If there is no such folder.
        ValueError
            If a file in it is damaged; begins with the path.
        """
        folder = as_path(path, "path")
        with reading(folder, "is damaged, or of another version"):
            told = json.loads((folder / "compression.json").read_bytes())
            if told.pop("format") != _FORMAT:
                raise ValueError(f"its format is not {_FORMAT}")
            pca = cls(**told.pop("params"))
            for name in _NUMBERS:
                setattr(pca, name, told[name])
            for name in _ARRAYS:
                setattr(pca, name, np.load(folder / f"{name}.npy", allow_pickle=False))
            projection = folder / "projection_.npz"
            pca.projection_ = load_npz(projection) if pca.method_ == "projection" else None
            pca.loadings_ = DiskArray.from_npy(_loadings_file(folder))
        return pca

    def _counted(self, text: str, blocks: Any) -> Iterator[Any]:
        return counted(blocks, f"{text}, blocks", None, self.verbose)


def _loadings_file(folder: Path) -> Path:
    return folder / "loadings_.npy"


def _check_empty(folder: Path, name: str) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{name} must be an empty folder, got {str(folder)!r}: remove it")


def _check_samples(n: int) -> None:
    if n < 2:
        raise ValueError(f"X must have at least 2 samples, got {n}")


def _check_varies(total: float, n: int, mean: np.ndarray, dtype: np.dtype) -> None:
    """Raise if the sum of squares about the mean is that of rounding, or its square is lost."""
    most = _SUMS[dtype.itemsize]
    if (total > 0 and not 1 / most < total < most) or np.isnan(total):
        raise ValueError(
            f"X must be of a size whose products {dtype} can hold, but its sum of squares about "
            f"the mean is {total:.3g}; rescale it"
        )
    if not total > n * (4 * np.finfo(np.float64).eps) ** 2 * float(mean @ mean):
        raise ValueError("X must vary, but all its samples are the same")
