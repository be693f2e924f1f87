"""Encoding models: measured responses predicted from the features of networks."""

from netrep_go.encoding._model import EncodingModel

__all__ = ["EncodingModel"]


def __dir__() -> list[str]:
    return sorted(__all__)
