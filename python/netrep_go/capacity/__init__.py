"""Geometry and classification capacity of object manifolds."""

from netrep_go.capacity._analyze import analyze_mat, collect_mat
from netrep_go.capacity._cone import ConeProjection, project_on_cone
from netrep_go.capacity._correlation import (
    CenterDirections,
    center_correlation_cost,
    find_center_directions,
)
from netrep_go.capacity._direct import DirectCapacity
from netrep_go.capacity._formulas import (
    ball_capacity,
    conic_separability,
    cover_separability,
    disc_separability,
    ellipsoid_capacity,
    point_capacity,
    segment_separability,
)
from netrep_go.capacity._geometry import (
    center_correlations,
    explained_variance_dimension,
    manifold_radii,
    participation_ratio,
    spectral_radii,
)
from netrep_go.capacity._joint import JointCapacity, JointGeometry
from netrep_go.capacity._manifold_geometry import ManifoldGeometry
from netrep_go.capacity._mat import TuningFile, read_mat, write_mat
from netrep_go.capacity._mat_analysis import MatAnalysis
from netrep_go.capacity._meanfield import MeanFieldCapacity
from netrep_go.capacity._randomization import (
    permute_axes,
    permute_features,
    scale_manifolds,
    shuffle_samples,
    standardize_features,
    truncate_manifolds,
    whiten_features,
)
from netrep_go.capacity._randomization_centers import (
    decorrelate_centers,
    orthogonalize_centers,
    project_on_centers,
    randomize_centers,
)
from netrep_go.capacity._separability import Separation, separate

__all__ = [
    "CenterDirections",
    "ConeProjection",
    "DirectCapacity",
    "JointCapacity",
    "JointGeometry",
    "ManifoldGeometry",
    "MatAnalysis",
    "MeanFieldCapacity",
    "Separation",
    "TuningFile",
    "analyze_mat",
    "ball_capacity",
    "center_correlation_cost",
    "center_correlations",
    "collect_mat",
    "conic_separability",
    "cover_separability",
    "decorrelate_centers",
    "disc_separability",
    "ellipsoid_capacity",
    "explained_variance_dimension",
    "find_center_directions",
    "manifold_radii",
    "orthogonalize_centers",
    "participation_ratio",
    "permute_axes",
    "permute_features",
    "point_capacity",
    "project_on_centers",
    "project_on_cone",
    "randomize_centers",
    "read_mat",
    "scale_manifolds",
    "segment_separability",
    "separate",
    "shuffle_samples",
    "spectral_radii",
    "standardize_features",
    "truncate_manifolds",
    "whiten_features",
    "write_mat",
]


def __dir__() -> list[str]:
    return sorted(__all__)
