"""What a measure claims, tried: on measures of this package, of others, and on your own."""

from netrep_go.conformance._check import Claim, Conformance, check

__all__ = ["Claim", "Conformance", "check"]


def __dir__() -> list[str]:
    return sorted(__all__)
