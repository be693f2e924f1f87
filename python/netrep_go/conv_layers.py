"""Distances between convolutional layers, under netrep's name for this module."""

from netrep_go.metrics._convolution import ConvolutionalMetric, convolve_metric

__all__ = ["ConvolutionalMetric", "convolve_metric"]


def __dir__() -> list[str]:
    return sorted(__all__)
