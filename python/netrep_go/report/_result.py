"""The report of layers: tables, figures, a page and a file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._files import as_path, reading
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._parts import read_arrays, replacing
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go.plotting._report import MEASURE
from netrep_go.report._page import methods, page
from netrep_go.report._quantities import REVERSED, Rows, quantity

if TYPE_CHECKING:
    from netrep_go.plotting import LayerReportDisplay

_FORMAT = "netrep_go layer report 1"
_TOLD = "report"  # what the text is called among the arrays of a file


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LayerReport(Result):
    """Result of :func:`layer_report`.

    Attributes
    ----------
    names : list
        Names of the layers; pairs (network, layer) if there are several networks.
    n_features : list of int
        Number of features of each layer.
    n_samples : int
        Number of samples.
    values : dict of str to ndarray
        By quantity; what could not be computed is not in it, or NaN for single layers.
        Of shape (n_layers, n_layers): 'distance' and 'cka', 'cka_calibrated', 'cka_null_mean',
        'cka_pvalue', 'cka_pvalue_max', these with NaN on the diagonal. Of shape (n_layers,):
        'capacity', 'radius', 'dimension' with '_se', 'center_correlation', 'rsa_mean', 'rsa_se',
        'score_mean'. 'rsa' is (n_layers, n_rdms), 'score' (n_layers, n_targets) and
        'noise_ceiling' (2,), the bounds of the mean similarity. Measures that were asked for are
        ``measure_NAME``, of shape (n_layers, n_layers); `to_frame` has the values of
        those with a direction in the other order, too, as '_reversed'.
    reasons : dict of str to dict
        By section, 'distances', 'similarity', 'measures', 'capacity', 'rsa' or 'encoding', why
        it is not there: of all layers by None, or by the name of a layer or measure.
    rdm_names, target_names : list
        Names of the RDMs and of the targets, or their positions.
    settings : dict of str to str or number
        Parameters, and the seed of all that is random.
    versions : dict of str to str
        What computed it.
    """

    names: list[Name]
    n_features: list[int]
    n_samples: int
    values: dict[str, np.ndarray] = field(repr=False)
    reasons: dict[str, dict[Name | None, str]]
    rdm_names: list[Name] = field(repr=False)
    target_names: list[Name] = field(repr=False)
    settings: dict[str, Any] = field(repr=False)
    versions: dict[str, str] = field(repr=False)

    @checked
    def to_frame(self, rows: Rows = "layers") -> Any:
        """Return a pandas DataFrame of the quantities that are of one kind.

        Parameters
        ----------
        rows : {'layers', 'pairs', 'rdms', 'targets'}, default='layers'
            What there is a row for: each layer, with means over RDMs and targets; each pair of
            layers; each layer and RDM; or each layer and target.

        Returns
        -------
        pandas.DataFrame
            Columns of names, and one a quantity of `values`.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        found = {n: x for n, x in self.values.items() if _is_of(n, rows)}
        if rows == "layers":
            columns: Any = self._named("", range(len(self.names)))
            return pandas().DataFrame(columns | {"n_features": self.n_features} | found)
        if rows == "pairs":
            at = np.triu_indices(len(self.names), 1)
            found |= {f"{n}{REVERSED}": x.T for n, x in found.items() if _has_direction(n, x)}
            columns = self._named("_1", at[0]) | self._named("_2", at[1])
        else:
            others = self.rdm_names if rows == "rdms" else self.target_names
            at = np.divmod(np.arange(len(self.names) * len(others)), max(len(others), 1))
            columns = self._named("", at[0]) | {rows[:-1]: [others[k] for k in at[1]]}
        return pandas().DataFrame(columns | {name: x[at] for name, x in found.items()})

    def _named(self, suffix: str, at: Iterable[int]) -> dict[str, list[Name]]:
        """Return columns with the names of layers, and of their networks if there are several."""
        names = [self.names[k] for k in at]
        if not self.layered:
            return {f"layer{suffix}": names}
        parts = {f"network{suffix}": 0, f"layer{suffix}": 1}
        return {key: [name[k] for name in names] for key, k in parts.items()}  # type: ignore[index]

    @property
    def layered(self) -> bool:
        """Whether there are several networks, so that names are pairs of network and layer."""
        return bool(self.settings["layered"])

    def plot(self, **options: Any) -> LayerReportDisplay:
        """Draw the quantities, a panel each.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.LayerReportDisplay.from_report`.

        Returns
        -------
        display : netrep_go.plotting.LayerReportDisplay
            The drawn display.
        """
        from netrep_go.plotting import LayerReportDisplay

        return LayerReportDisplay.from_report(self, **options)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write a page that stands alone: figures, tables that can be sorted, and methods.

        It needs no network, and is light or dark as the reader's browser is.

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        ImportError
            If Matplotlib or pandas is not installed.
        OSError
            If the file cannot be written; what was there stays.
        """
        with replacing(as_path(path, "path")) as new:
            new.write_text(page(self), encoding="utf-8", errors="backslashreplace")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all to one .npz file: arrays, and JSON for the rest. Nothing is pickled.

        Parameters
        ----------
        path : path
            The file. Names that are no texts, numbers or pairs of them are stored as texts.
        """
        told = {key: getattr(self, key) for key in _PLAIN}
        told["reasons"] = {key: [*map(list, each.items())] for key, each in self.reasons.items()}
        text = json.dumps({"format": _FORMAT, **told}, default=_plain)
        with replacing(as_path(path, "path")) as new, new.open("wb") as file:
            arrays: Any = {**self.values, _TOLD: np.array(text)}
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return what was saved.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        LayerReport
            The same report.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or no report; begins with the path. Nothing in a file is run.
        """
        file = as_path(path, "path")
        with reading(file, "is damaged, or no layer report"):
            values = read_arrays(file)
            found = cls(**_told(values.pop(_TOLD).item()), values=values)
            _check_whole(found)
        return found


# What a file holds beside arrays and reasons.
_PLAIN: dict[str, type] = {
    "names": list,
    "n_features": list,
    "n_samples": int,
    "rdm_names": list,
    "target_names": list,
    "settings": dict,
    "versions": dict,
}


def _told(text: str) -> dict[str, Any]:
    """Return what the text in a file says, by the names of attributes."""
    told: dict[str, Any] = json.loads(text)
    if told.pop("format") != _FORMAT:
        raise ValueError(f"its format is not {_FORMAT!r}")
    for key, kind in _PLAIN.items():
        if type(told[key]) is not kind:
            raise ValueError(f"its {key} are {shown(told[key])}")
    for key in ("names", "rdm_names", "target_names"):
        told[key] = [_name(each) for each in told[key]]
    told["reasons"] = {
        key: {_name(layer): text for layer, text in pairs} for key, pairs in told["reasons"].items()
    }
    return told


def _check_whole(report: LayerReport) -> None:
    """Raise unless what a file holds fits together, as tables, figures and pages rely on."""
    numbers = report.n_features
    if [type(each) for each in numbers] != [int] * len(report.names):
        raise ValueError(f"{len(report.names)} layers have numbers of features {shown(numbers)}")
    for name in [*report.names, *report.rdm_names, *report.target_names]:
        hash(name)
    if report.layered and not all(type(each) is tuple and len(each) == 2 for each in report.names):
        raise ValueError("its names are not of networks and layers")
    if not all(type(text) is str for each in report.reasons.values() for text in each.values()):
        raise ValueError("its reasons are no texts")
    for name, values in report.values.items():
        shape = _shape(report, name)
        if values.dtype != np.float64 or values.shape != shape:
            raise ValueError(f"{name} is {values.dtype} of shape {values.shape}, not of {shape}")
    list(methods(report))  # which raises if a setting or version is not there


def _shape(report: LayerReport, name: str) -> tuple[int, ...]:
    """Return the shape of a quantity."""
    n, known = len(report.names), quantity(name)
    if known is None:
        return (2,) if name == "noise_ceiling" else ()
    sizes = {"rdms": len(report.rdm_names), "targets": len(report.target_names), "pairs": n}
    return (n,) if known.rows == "layers" else (n, sizes[known.rows])


def _is_of(name: str, rows: str) -> bool:
    known = quantity(name)
    return known is not None and known.rows == rows


def _has_direction(name: str, values: np.ndarray) -> bool:
    """Whether pairs have other values of a measure in the other order."""
    if not name.startswith(MEASURE):
        return False
    return not np.allclose(values, values.T, rtol=1e-12, atol=0, equal_nan=True)


def _plain(value: Any) -> Any:
    """Return what JSON has no notation for as a number or a text."""
    return value.item() if isinstance(value, np.generic) else str(value)


def _name(value: Any) -> Any:
    """Return a name as it was before JSON made lists of tuples."""
    return tuple(map(_name, value)) if isinstance(value, list) else value
