"""Images of responses with the condition and run of each."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netrep_go._names import Name
from netrep_go._optional import optional, pandas
from netrep_go._parameters import as_text, checked
from netrep_go._results import Result
from netrep_go._shown import kind_of, shown
from netrep_go._validation import as_codes
from netrep_go.rsa._images import Images
from netrep_go.rsa._rdm import FOLDED_METRICS
from netrep_go.rsa._volumes import Volumes, as_volumes

CONDITIONS, RUNS = ("condition", "trial_type"), ("run",)  # names of columns, BIDS's among them


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Betas(Result):
    """Result of :func:`read_betas`: images with the condition and run of each.

    :func:`searchlight` and :func:`region_rdms` take it as their data, with its conditions and
    runs.

    Attributes
    ----------
    data : ndarray of shape (n_images, n_x, n_y, n_z)
        Responses.
    affine : ndarray of shape (4, 4)
        From voxels to mm.
    conditions : ndarray of shape (n_images,)
        Condition of each image.
    runs : ndarray of shape (n_images,) or None
        Run of each image, the ``folds`` of crossnobis.
    """

    data: np.ndarray = field(repr=False)
    affine: np.ndarray = field(repr=False)
    conditions: np.ndarray
    runs: np.ndarray | None

    def average(self) -> tuple[list[Name], np.ndarray]:
        """Return the conditions in sorted order, and the mean image of each.

        Returns
        -------
        names : list
            The conditions.
        means : ndarray of shape (n_conditions, n_x, n_y, n_z)
            Their mean images. A voxel that is NaN in an image is so in its mean.
        """
        names, codes = np.unique(self.conditions, return_inverse=True)
        means = np.empty((len(names), *self.data.shape[1:]))
        for k in range(len(names)):
            np.mean(self.data[codes == k], axis=0, dtype=np.float64, out=means[k])
        return names.tolist(), means

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each image.

        Returns
        -------
        pandas.DataFrame
            With columns condition and, if there are runs, run.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {"condition": self.conditions}
        if self.runs is not None:
            columns["run"] = self.runs
        return pandas().DataFrame(columns)


def labeled(data: Any, conditions: Any, folds: Any, metric: str) -> tuple[Any, Any, Any]:
    """Return volumes in place of betas, with their conditions and the folds of a metric.

    Others are returned as they are.
    """
    if not isinstance(data, Betas):
        return data, conditions, folds
    own = "conditions" if data.runs is None else "conditions and runs"
    if conditions is not None or (folds is not None and data.runs is not None):
        raise ValueError(f"data has {own} of its own: leave out conditions, folds")
    if metric in FOLDED_METRICS and folds is None:
        folds = data.runs
    return Volumes(data.data, "data", data.affine), data.conditions, folds


@checked
def read_betas(
    images: Images, table: Any, *, condition: str | None = None, run: str | None = None
) -> Betas:
    """Return images of responses, such as betas of trials, with a table that describes them.

    Parameters
    ----------
    images : image, path of an image, or list of them
        One image for each row of the table, in its order: the volumes of an image of 4
        dimensions, of images of nibabel in a list, or of their files.
    table : DataFrame, dict of columns, or path of a table
        Such as BIDS's events in a .tsv file; other files have commas.
    condition : str, default=None
        Column with the condition of each image; None for 'condition' or 'trial_type'.
    run : str, default=None
        Column with the run, session or fold; None for 'run', if there is one.

    Returns
    -------
    Betas
        With ``data``, ``conditions``, ``runs`` and ``affine``.

    Raises
    ------
    ValueError
        If there are as many images as rows not, a column or a label is missing, or images
        have different voxels.
    ImportError
        If paths are given and nibabel or pandas is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import read_betas
    >>> class Image:  # as one of nibabel
    ...     dataobj = np.random.default_rng(0).standard_normal((4, 5, 3, 6))
    ...     affine = np.diag([2.0, 2.0, 2.5, 1.0])
    >>> table = {"condition": ["face", "house", "tool"] * 2, "run": [1, 1, 1, 2, 2, 2]}
    >>> betas = read_betas(Image(), table)
    >>> betas.data.shape, betas.runs
    ((6, 4, 5, 3), array([1, 1, 1, 2, 2, 2]))
    """
    for name, column in (("condition", condition), ("run", run)):
        if column is not None:
            as_text(column, name)
    volumes = as_volumes(images, "images")
    if volumes is None:
        raise TypeError(f"images must be images of nibabel or their paths, got {shown(images)}")
    columns = _columns(table)
    conditions = _labels(columns, CONDITIONS if condition is None else (condition,), volumes)
    if conditions is None:
        raise ValueError(
            f"table must have a column {condition or ' or '.join(map(repr, CONDITIONS))}, got "
            f"{shown(list(columns))}"
        )
    runs = _labels(columns, RUNS if run is None else (run,), volumes)
    if runs is None and run is not None:
        raise ValueError(f"table must have a column {run!r}, got {shown(list(columns))}")
    return Betas(data=volumes.values, affine=volumes.affine, conditions=conditions, runs=runs)


def _columns(table: Any) -> Any:
    """Return a table as a mapping or a data frame."""
    if isinstance(table, (str, os.PathLike)):
        reader = optional("pandas", "plot", "a table in a file").read_csv
        separator = "\t" if os.fspath(table).lower().endswith((".tsv", ".tsv.gz")) else ","
        try:
            return reader(table, sep=separator)
        except (ValueError, OSError) as error:
            raise type(error)(f"table: {os.fspath(table)!r} cannot be read: {error}") from None
    if not isinstance(table, Mapping) and not hasattr(table, "columns"):
        raise TypeError(
            f"table must be a DataFrame, a dict of columns or a path, got {kind_of(table)}"
        )
    return table


def _labels(columns: Any, names: tuple[str, ...], volumes: Volumes) -> np.ndarray | None:
    """Return a label for each volume, from the first column that is there."""
    name = next((name for name in names if name in columns), None)
    if name is None:
        return None
    labels, n = columns[name], len(volumes.values)
    if np.ndim(labels) == 1 and len(labels) != n:
        raise ValueError(f"table must have a row for each of the {n} images, got {len(labels)}")
    values, codes = as_codes(labels, f"table[{name!r}]", n)
    return values[codes]
