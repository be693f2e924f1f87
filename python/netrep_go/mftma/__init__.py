"""mftma's functions, under its names: for programs that were written for it.

Arrays are (n_features, n_samples) here. :class:`netrep_go.capacity.MeanFieldCapacity` does
the same and more, with error bars. ``alldata_dimension_analysis`` is the function, as
``from netrep_go.mftma.alldata_dimension_analysis import alldata_dimension_analysis`` is.
"""

from netrep_go.mftma.alldata_dimension_analysis import alldata_dimension_analysis
from netrep_go.mftma.manifold_analysis_correlation import manifold_analysis_corr

__all__ = ["alldata_dimension_analysis", "manifold_analysis_corr"]


def __dir__() -> list[str]:
    return sorted(__all__)
