"""The sections of a report: each is one analysis of all layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone

from netrep_go._jobs import counted, said_once, warn_user
from netrep_go._names import Name
from netrep_go.capacity import MeanFieldCapacity
from netrep_go.encoding import EncodingModel
from netrep_go.inference import calibrate, compare_networks
from netrep_go.metrics import Measure
from netrep_go.multiset import pairwise_distances
from netrep_go.plotting._report import MEASURE
from netrep_go.report._layers import Layer
from netrep_go.rsa import evaluate, rdm
from netrep_go.rsa._condensed import check_varies

Values = dict[str, np.ndarray]
Compute = Callable[["Sections"], None]

# Why a section may not be there; anything else is a mistake in a call.
_REASONS = (ValueError, np.linalg.LinAlgError, ImportError, MemoryError)

_GEOMETRY = ("capacity", "radius", "dimension")


@dataclass
class Sections:
    """The layers, what is asked of them, and what was found.

    Attributes
    ----------
    values : dict of str to ndarray
        By quantity, with a first axis of layers.
    reasons : dict of str to dict
        By section, why it is undefined: of a layer by its name, of all layers by None.
    """

    layers: list[Layer]
    y: Any
    targets: Any
    rdms: Any
    measures: dict[str, Measure] | None
    capacity: MeanFieldCapacity
    encoding: EncodingModel
    metric: str
    method: str
    n_permutations: int
    alpha: float
    seed: int
    n_jobs: int | None
    verbose: bool
    values: Values = field(default_factory=dict)
    reasons: dict[str, dict[Name | None, str]] = field(default_factory=dict)

    def compute(self) -> None:
        """Compute all sections; those that cannot be say why."""
        with said_once():
            for name, (given, section) in _SECTIONS.items():
                if given == "measures" and self.measures is None:
                    continue  # nobody misses what is beside
                if given is not None and getattr(self, given) is None:
                    self.reasons[name] = {None: f"no {given} given"}
                else:
                    self.attempt(name, None, section, self)

    def settings(self) -> dict[str, Any]:
        """Return what the sections were computed with."""
        names = ("n_permutations", "alpha", "metric", "method", "seed")
        estimators = {"capacity": repr(self.capacity), "encoding": repr(self.encoding)}
        if self.measures is not None:
            each = (f"{name} = {_cited(measure)}" for name, measure in self.measures.items())
            estimators["measures"] = "; ".join(each)
        return {name: getattr(self, name) for name in names} | estimators

    def attempt(
        self, section: str, layer: Name | None, compute: Callable[..., Any], *args: Any
    ) -> Any:
        """Return what a section computes of a layer, or of all; note why if it cannot."""
        try:
            return compute(*args)
        except _REASONS as error:
            self.note(section, layer, str(error))
            return None

    def note(self, section: str, layer: Name | None, reason: str) -> None:
        """Keep why a section has nothing of a layer or measure, or of all, and warn of it.

        A layer may have the name of a measure, which then has both reasons.
        """
        is_measure = section == "measures" and layer in (self.measures or {})
        of = "" if layer is None else f" of {'' if is_measure else 'layer '}{layer!r}"
        warn_user(f"{section}{of} cannot be computed: {reason}")
        reasons = self.reasons.setdefault(section, {})
        reasons[layer] = f"{reasons[layer]}; {reason}" if layer in reasons else reason

    def by_layer(self, section: str, compute: Callable[[Layer], Values]) -> None:
        """Store what is computed of each layer, NaN of those of which it cannot be."""
        layers = counted(
            self.layers, f"{section.capitalize()} of layers", len(self.layers), self.verbose
        )
        rows = [self.attempt(section, x.name, compute, x) for x in layers]
        known: Values = next((row for row in rows if row is not None), {})
        for name, value in known.items():
            missing = np.full(np.shape(value), np.nan)
            self.values[name] = np.array([missing if r is None else r[name] for r in rows])

    def among(self, section: str, compute: Callable[[dict[Name, np.ndarray]], Values]) -> None:
        """Store matrices of pairs of those layers that vary."""
        varying = [k for k, layer in enumerate(self.layers) if layer.varies]
        for layer in self.layers:
            if not layer.varies:
                self.note(section, layer.name, "the activations do not vary")
        if len(varying) < 2:
            raise ValueError(f"at least 2 layers that vary are needed, got {len(varying)}")
        found = compute({self.layers[k].name: self.layers[k].factor for k in varying})
        for name, values in found.items():
            matrix = np.full((len(self.layers),) * 2, np.nan)
            matrix[np.ix_(varying, varying)] = values
            self.values[name] = matrix


def _distances(report: Sections) -> None:
    def compute(factors: dict[Name, np.ndarray]) -> Values:
        found = pairwise_distances(
            "procrustes", factors, n_jobs=report.n_jobs, verbose=report.verbose
        )
        return {"distance": found}

    report.among("distances", compute)


def _similarity(report: Sections) -> None:
    def compute(factors: dict[Name, np.ndarray]) -> Values:
        found: Any = calibrate(
            "cka",
            factors,
            n_permutations=report.n_permutations,
            alpha=report.alpha,
            random_state=report.seed,
            n_jobs=report.n_jobs,
            verbose=report.verbose,
        )
        return {
            "cka": found.statistic,
            "cka_calibrated": found.calibrated,
            "cka_null_mean": found.null_mean,
            "cka_pvalue": found.pvalue,
            "cka_pvalue_max": found.pvalue_max,
        }

    report.among("similarity", compute)


def _measures(report: Sections) -> None:
    def compute(factors: dict[Name, np.ndarray]) -> Values:
        found = {
            name: report.attempt("measures", name, _measured, report, name, factors)
            for name in report.measures or {}
        }
        return {f"{MEASURE}{name}": x for name, x in found.items() if x is not None}

    report.among("measures", compute)


def _measured(report: Sections, name: str, names: Iterable[Name]) -> np.ndarray:
    """Return the values of a measure, of the layers as they are: widths may count."""
    layers = {layer.name: layer.x for layer in report.layers}
    try:
        found = compare_networks(
            {each: layers[each] for each in names},
            {name: (report.measures or {})[name]},
            n_jobs=report.n_jobs,
            verbose=report.verbose,
        )
    except (ValueError, np.linalg.LinAlgError) as error:
        raise type(error)(str(error).removeprefix(f"{name}: ")) from error
    values, reasons = found.values[name], dict.fromkeys(found.reasons[name].values())
    said = "; ".join(reasons) or "the measure returns NaN"
    if np.isnan(values).all():
        raise ValueError(said)
    if missing := _n_missing(values):
        n_pairs = len(values) * (len(values) - 1) // 2
        report.note("measures", name, f"{missing} of {n_pairs} pairs have no value: {said}")
    return values


def _n_missing(values: np.ndarray) -> int:
    """Return of how many pairs of different layers a value is NaN, in one order or both."""
    missing = np.isnan(values)
    return int(np.count_nonzero(np.triu(missing | missing.T, 1)))


def _cited(measure: Measure) -> str:
    """Return a measure as it is written in the methods, with who defined it."""
    written, reference = " ".join(repr(measure).split()), measure.properties.reference
    return f"{written} ({reference})" if reference else written


def _capacity(report: Sections) -> None:
    def compute(layer: Layer) -> Values:
        fitted = clone(report.capacity).fit(layer.x, report.y)
        found = {"center_correlation": fitted.center_correlation_}
        for name in _GEOMETRY:
            found[name] = getattr(fitted, f"{name}_")
            found[f"{name}_se"] = getattr(fitted, f"{name}_se_")
        return found

    report.by_layer("capacity", compute)


def _rsa(report: Sections) -> None:
    models = {x.name: report.attempt("rsa", x.name, _rdm, report, x) for x in report.layers}
    known = {name: model for name, model in models.items() if model is not None}
    if not known:
        raise ValueError("no layer has an RDM that varies")
    found = evaluate(
        known, report.rdms, report.method, n_jobs=report.n_jobs, verbose=report.verbose
    )
    at = [k for k, model in enumerate(models.values()) if model is not None]
    for name, values in _of_evaluation(found).items():
        report.values[name] = np.full((len(models), *values.shape[1:]), np.nan)
        report.values[name][at] = values
    if found.noise_ceiling is not None:
        report.values["noise_ceiling"] = np.array(found.noise_ceiling)


def _rdm(report: Sections, layer: Layer) -> np.ndarray:
    found = rdm(layer.x, report.metric, n_jobs=report.n_jobs)
    check_varies(found[np.newaxis], "the RDM")
    return found


def _of_evaluation(found: Any) -> Values:
    return {
        "rsa": found.similarities,
        "rsa_mean": found.mean,
        "rsa_se": found.standard_error(),
    }


def _encoding(report: Sections) -> None:
    def compute(layer: Layer) -> Values:
        x = layer.factor if _turns(report.encoding) else layer.x
        score = clone(report.encoding).set_params(refit=False).fit(x, report.targets).score_
        return {"score": score, "score_mean": score.mean()}

    report.by_layer("encoding", compute)


def _turns(model: EncodingModel) -> bool:
    """Whether rotations of the features leave what a model predicts as it is."""
    plain = model.compression is None and model.feature_covariance is None
    return plain and model.regression != "lasso" and np.dtype(model.dtype) == np.float64


# What each section needs beside the layers, and how it is computed.
_SECTIONS: dict[str, tuple[str | None, Compute]] = {
    "distances": (None, _distances),
    "similarity": (None, _similarity),
    "measures": ("measures", _measures),
    "capacity": ("y", _capacity),
    "rsa": ("rdms", _rsa),
    "encoding": ("targets", _encoding),
}
