"""Centered kernel alignment of more samples than fit into memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import NotFittedError

from netrep_go._cohort import Named, check_same_samples, labeled
from netrep_go._jobs import in_threads, warn_user
from netrep_go._names import Name, check_same_indexes, names_or_numbers
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._validation import as_factor
from netrep_go.metrics._gram import centered, hsic_vector, vanishes

__all__ = ["MinibatchCKA"]

Layers = ArrayLike | Mapping[Any, ArrayLike]

_ALL_0 = -10000  # in place of the power of two of activations that do not vary


class MinibatchCKA:
    r"""Linear CKA of two networks, or of all their layers, from batches of samples.

    With the unbiased estimate HSIC of Song et al. in each of B batches,

    .. math:: \frac{\sum_b \mathrm{HSIC}(X_b, Y_b)}
        {\sqrt{\sum_b \mathrm{HSIC}(X_b, X_b) \; \sum_b \mathrm{HSIC}(Y_b, Y_b)}}

    so that nothing of a batch is kept. Averages are taken of HSIC, not of CKA, and the estimate
    of HSIC has no bias at any size of batch.

    Attributes
    ----------
    n_batches_ : int
        How many batches there were.

    See Also
    --------
    LinearCKA : The same of all samples at once, with ``estimator='unbiased'``.

    Notes
    -----
    Batches count alike, whatever their size. The samples of a batch should be drawn at random:
    what tells batches apart, such as a block of one class, is not seen.

    References
    ----------
    Nguyen, Raghu & Kornblith (2021). Do Wide and Deep Networks Learn the Same Things?
    Uncovering How Neural Network Representations Vary with Width and Depth. ICLR.
    arXiv:2010.15327.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import MinibatchCKA
    >>> rng = np.random.default_rng(0)
    >>> cka = MinibatchCKA()
    >>> for _ in range(10):
    ...     x = rng.standard_normal((32, 8))
    ...     cka = cka.partial_fit({"conv": x, "fc": np.maximum(x, 0)}, {"out": x[:, :4]})
    >>> cka.value_.round(2)
    array([[0.69],
           [0.55]])
    >>> cka.n_batches_
    10
    """

    @checked
    def partial_fit(self, X: Layers, Y: Layers | None = None, *, n_jobs: int | None = None) -> Self:
        """Add a batch.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or dict of these
            Activations of a network to the samples of a batch, of which there must be at least
            4; or of its layers by name.
        Y : array_like of shape (n_samples, n_features), or dict of these, default=None
            Activations of another network to the same samples. None is for X once more: all
            pairs of layers of one network.
        n_jobs : int, default=None
            Number of threads that prepare layers; None for as many as BLAS uses, -1 for all
            cores. Results do not depend on it.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a batch has fewer than 4 samples, or other layers or widths than those before.
        """
        sides = [_Side(x, name) for x, name in ((X, "X"), (Y, "Y")) if x is not None]
        named = [layer for side in sides for layer in side.layers]
        check_same_indexes(named, "samples")
        arrays = [as_factor(x, name) for name, x in named]
        check_same_samples([(name, len(x)) for (name, _), x in zip(named, arrays, strict=True)])
        if len(arrays[0]) < 4:
            raise ValueError(f"a batch needs at least 4 samples, got {len(arrays[0])}")
        self._check_layers(sides, [x.shape[1] for x in arrays])
        prepared = list(in_threads(_prepared, arrays, n_jobs))
        n = len(sides[0].layers)
        self._add(prepared[:n], prepared[n:] or prepared[:n], len(arrays[0]))
        return self

    def _check_layers(self, sides: list[_Side], widths: list[int]) -> None:
        """Remember the layers of the first batch; raise if those of another are not the same."""
        found = [side.names for side in sides], widths
        if not hasattr(self, "n_batches_"):
            self._layers, self.n_batches_ = found, 0
            n_x, n_y = len(sides[0].layers), len(sides[-1].layers)
            self._sums = np.zeros((n_x, n_y)), np.zeros(n_x), np.zeros(n_y)
            self._powers = np.full(n_x, _ALL_0), np.full(n_y, _ALL_0)
        elif found != self._layers:
            raise ValueError(
                "X and Y must have the layers and widths of the batches before: "
                f"got layers {found[0]} with widths {widths}, and before them {self._layers[0]} "
                f"with widths {self._layers[1]}"
            )

    def _add(self, xs: list[_Prepared], ys: list[_Prepared], n: int) -> None:
        """Add a batch to the sums of HSIC, which are in units of the largest one so far."""
        found = [np.array([layer.power for layer in side]) for side in (xs, ys)]
        powers = [np.maximum(old, new) for old, new in zip(self._powers, found, strict=True)]
        row, column = (2 * (old - new) for old, new in zip(self._powers, powers, strict=True))
        X, Y = (
            np.ldexp([layer.vector for layer in side], 2 * (new - to)[:, np.newaxis])
            for side, new, to in zip((xs, ys), found, powers, strict=True)
        )
        products = X @ Y.T, np.sum(X**2, axis=1), np.sum(Y**2, axis=1)
        shifts = row[:, np.newaxis] + column, 2 * row, 2 * column
        self._sums = tuple(
            np.ldexp(total, shift) + 2 / (n * (n - 3)) * product
            for total, shift, product in zip(self._sums, shifts, products, strict=True)
        )
        self._powers = tuple(powers)
        self.n_batches_ += 1

    @property
    def value_(self) -> Any:
        """CKA so far, in [-1, 1]: a float, or a matrix if X or Y is a dict of layers.

        It is NaN, with a warning, for layers that did not vary in any batch, or whose samples
        were all equally similar.
        """
        if not hasattr(self, "n_batches_"):
            raise NotFittedError("MinibatchCKA has no value before partial_fit was given a batch")
        products, of_x, of_y = self._sums
        names = self._layers[0]
        for what, own, sums in (("X", names[0], of_x), ("Y", names[-1], of_y)):
            for k in np.flatnonzero(sums == 0):
                layer = what if own is None else f"{what}[{own[k]!r}]"
                warn_user(f"values of {layer} are NaN: in each batch all samples are equally alike")
        with np.errstate(invalid="ignore"):
            values = np.clip(products / np.sqrt(np.outer(of_x, of_y)), -1, 1)
        return float(values[0, 0]) if all(own is None for own in names) else values

    def to_frame(self) -> Any:
        """Return a pandas DataFrame of the values.

        Returns
        -------
        pandas.DataFrame
            With a row for each layer of X and a column for each of Y, by name.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        values = np.atleast_2d(self.value_)
        names = self._layers[0]
        rows, columns = (
            names_or_numbers(own, n)
            for own, n in zip((names[0], names[-1]), values.shape, strict=True)
        )
        return pandas().DataFrame(values, index=rows, columns=columns)


class _Side:
    """One network of a batch: its layers, and their names if it is a dict of them."""

    layers: list[Named]
    names: list[Name] | None

    def __init__(self, x: Any, name: str) -> None:
        if isinstance(x, Mapping):
            self.layers, self.names = labeled(x, name, None)
        else:
            self.layers, self.names = [(name, x)], None


class _Prepared(NamedTuple):
    """The part of a layer's Gram matrix that HSIC is the product of, over 4 ** power."""

    vector: np.ndarray
    power: int


def _prepared(x: np.ndarray) -> _Prepared:
    x, power = centered(x)
    vector = hsic_vector(x @ x.T, "unbiased")
    if vanishes(vector, np.vdot(x, x)):
        return _Prepared(np.zeros(vector.shape), _ALL_0)
    return _Prepared(vector, power)
