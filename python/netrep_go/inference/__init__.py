"""What several measures say of networks."""

from netrep_go.inference._compare import NetworkComparison, compare_networks

__all__ = ["NetworkComparison", "compare_networks"]


def __dir__() -> list[str]:
    return sorted(__all__)
