"""What a compression reads, computes and holds in memory, before it is made."""

from __future__ import annotations

from typing import NamedTuple

from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import check_integer, check_option

METHODS = ("gram", "covariance", "projection")
LIMIT = 2**30


class _Cost(NamedTuple):
    method: str
    matrix: int
    memory: int
    disk: int
    products: float
    decomposition: float


class CompressionCost(Result, _Cost):
    """What a compression takes, as it can be counted before.

    Attributes
    ----------
    method : str
        The method.
    matrix : int
        Bytes of the matrix that is decomposed.
    memory : int
        Bytes at the peak, without blocks of data, and without loadings.
    disk : int
        Bytes of the loadings.
    products : float
        Operations to make the matrix.
    decomposition : float
        Operations of its eigenvectors, about.
    """


@checked
def compression_cost(
    n_samples: int,
    n_features: int,
    n_components: int = 1000,
    *,
    method: str = "gram",
    n_projected: int | None = None,
    itemsize: int = 4,
) -> CompressionCost:
    r"""Return what :class:`StreamedPCA` would take, without doing it.

    The Gram matrix of n samples with p features takes 8 n^2 bytes and n^2 p operations, their
    covariance 8 p^2 and n p^2, and that of r random projections 8 r^2 and n r^2. LAPACK's
    eigenvectors take about 9 times the cube of the side.

    Parameters
    ----------
    n_samples, n_features : int
        Sizes of the data.
    n_components : int, default=1000
        Number of components.
    method : {'gram', 'covariance', 'projection'}, default='gram'
        The method.
    n_projected : int, default=None
        Number of random projections. If None, four times `n_components`.
    itemsize : int, default=4
        Bytes of an entry of the data.

    Returns
    -------
    cost : CompressionCost
        With the attributes `method`, `matrix`, `memory`, `disk`, `products` and `decomposition`.

    Raises
    ------
    ValueError
        If a size is negative, or `method` is unknown.

    Examples
    --------
    Photographs of ImageNet's validation set in the first layer of VGG-16: the matrix of images
    would have 20 GB and take 2e15 operations, that of projections 128 MB.

    >>> from netrep_go.encoding import compression_cost
    >>> gram = compression_cost(50_000, 802_816, 1000)
    >>> gram.matrix / 1e9, round(gram.products / 1e15, 1)
    (20.0, 2.0)
    >>> compression_cost(50_000, 802_816, 1000, method="projection").matrix / 1e6
    128.0
    """
    check_option(method, "method", METHODS)
    n_samples, n_features = _count(n_samples, "n_samples", 0), _count(n_features, "n_features", 0)
    n_components, itemsize = _count(n_components, "n_components"), _count(itemsize, "itemsize")
    if n_projected is not None:
        n_projected = _count(n_projected, "n_projected")
    sides = {"gram": n_samples, "covariance": n_features}
    side = sides.get(method, n_projected or 4 * n_components)
    other = n_features if method == "gram" else n_samples
    sparse = 2 * n_samples * side * n_features**0.5 if method == "projection" else 0.0
    loaded = side if method == "projection" else n_features
    return CompressionCost(
        method=method,
        matrix=8 * side**2,
        memory=8 * (2 * side**2 + 2 * side * min(n_components, side) + 2 * n_features),
        disk=itemsize * loaded * n_components,
        products=sparse + float(side) ** 2 * other,
        decomposition=9.0 * side**3,
    )


def _count(value: int, name: str, least: int = 1) -> int:
    """Return a count as an integer without limits, as sizes are products of counts."""
    check_integer(value, name, least)
    return int(value)
