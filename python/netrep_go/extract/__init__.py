"""Activations of the layers of ONNX, PyTorch and Keras models.

A model is the path or the bytes of an ONNX file, a :class:`torch.nn.Module` or a
:class:`keras.Model`. None of the three libraries is imported unless the model is of its
kind.
"""

from netrep_go.extract._activations import activations, layers, recommended_layers
from netrep_go.extract._store import ActivationStore

__all__ = ["ActivationStore", "activations", "layers", "recommended_layers"]


def __dir__() -> list[str]:
    return sorted(__all__)
