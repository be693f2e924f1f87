"""The layer that predicts each target best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._results import Result
from netrep_go.encoding._fitted import check_model
from netrep_go.encoding._model import EncodingModel


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class BestLayers(Result):
    """Result of :func:`best_layers`.

    Attributes
    ----------
    names : list
        Names of the layers.
    best : ndarray of shape (n_targets,)
        Position of the layer that each target has chosen, from all samples.
    agreement : ndarray of shape (n_targets,)
        Share of outer folds whose training samples have chosen the same layer.
    score : ndarray of shape (n_targets,)
        Held-out score, with the layers chosen in each fold.
    layer_score : ndarray of shape (n_layers, n_targets)
        Held-out score of each layer alone. The largest of a target is an optimistic one.
    scoring : str
        Of these scores.
    """

    names: list[Name]
    best: np.ndarray
    agreement: np.ndarray
    score: np.ndarray
    layer_score: np.ndarray
    scoring: str

    @property
    def share(self) -> np.ndarray:
        """Share of targets that have chosen each layer."""
        counts = np.bincount(self.best, minlength=len(self.names))
        share: np.ndarray = counts / len(self.best)
        return share

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each target.

        Returns
        -------
        pandas.DataFrame
            With columns target, layer, position, agreement, score.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(
            {
                "target": np.arange(len(self.best)),
                "layer": [self.names[k] for k in self.best],
                "position": self.best,
                "agreement": self.agreement,
                "score": self.score,
            }
        )

    def plot(self, **options: Any) -> Any:
        """Draw the scores of layers and how many targets have chosen each.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.BestLayersDisplay.from_layers`.

        Returns
        -------
        display : netrep_go.plotting.BestLayersDisplay
            The drawn display.
        """
        from netrep_go.plotting import BestLayersDisplay

        return BestLayersDisplay.from_layers(self, **options)


def best_layers(model: EncodingModel) -> BestLayers:
    """Return the layer that predicts each target best, as a model has chosen it.

    Parameters
    ----------
    model : EncodingModel
        Fitted to a dict of layers, with ``outer_cv``.

    Returns
    -------
    BestLayers
        Layers and scores, with ``to_frame()`` and ``plot()``.

    Raises
    ------
    ValueError
        If the model has no held-out scores of layers.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import EncodingModel, best_layers
    >>> rng = np.random.default_rng(0)
    >>> layers = {name: rng.standard_normal((60, 8)) for name in ("conv", "fc")}
    >>> model = EncodingModel().fit(layers, layers["fc"] + rng.standard_normal((60, 8)))
    >>> best_layers(model).share
    array([0., 1.])
    """
    check_model(model, "model", "intercept_")
    if not hasattr(model, "layer_scores_"):
        raise ValueError(
            "model must have held-out scores of layers: fit it with outer_cv, not 'banded'"
        )
    place = {name: k for k, name in enumerate(model.names_)}
    return BestLayers(
        names=model.names_,
        best=np.array([place[name] for name in model.layer_]),
        agreement=np.mean(model.fold_layer_ == model.layer_, axis=0),
        score=model.score_,
        layer_score=model.layer_score_,
        scoring=model.scoring,
    )
