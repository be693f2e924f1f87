"""Models that predict responses from features of networks, and compression of the features."""

from netrep_go.encoding._compression import CompressionCost, StreamedPCA, compression_cost

__all__ = ["CompressionCost", "StreamedPCA", "compression_cost"]


def __dir__() -> list[str]:
    return sorted(__all__)
