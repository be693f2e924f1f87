"""Families of networks and stimuli to analyse."""

from netrep_go.datasets._digits import digits_networks

__all__ = ["digits_networks"]
