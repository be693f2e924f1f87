"""What inference asks of models that are fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from netrep_go._shown import shown
from netrep_go.encoding._inputs import as_targets
from netrep_go.encoding._model import EncodingModel


def check_model(model: Any, name: str, attribute: str) -> None:
    """Raise if a model is none of encoding, or has not what a fit finds."""
    if not isinstance(model, EncodingModel):
        raise TypeError(f"{name} must be an EncodingModel, got {shown(model)}")
    check_is_fitted(model, attribute)


def same_targets(model: EncodingModel, Y: Any) -> np.ndarray:
    """Return the targets that a model was fitted to."""
    check_model(model, "model", "train_mean_")
    if not model.folds_:
        raise ValueError("model must have held-out scores: fit it with outer_cv")
    model._check_targets(Y)
    y, _ = as_targets(Y, len(model.predictions_))
    if y.shape[1] != len(model.score_):
        raise ValueError(
            f"Y must have the {len(model.score_)} targets of the fit, got {y.shape[1]}"
        )
    if not np.allclose(np.nanmean(y, axis=0), model.train_mean_):
        raise ValueError("Y must be what model was fitted to, but its means are others")
    return y
