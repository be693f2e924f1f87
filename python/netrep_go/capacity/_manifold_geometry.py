"""Capacity and geometry of each manifold."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netrep_go._optional import pandas
from netrep_go._results import Result


class _Fields(NamedTuple):
    capacity: np.ndarray
    radius: np.ndarray
    dimension: np.ndarray
    dimension_cos: np.ndarray
    dimension_matlab: np.ndarray
    half_width: np.ndarray
    gaussian_radius: np.ndarray
    gaussian_dimension: np.ndarray
    gaussian_dimension_matlab: np.ndarray
    gaussian_half_width: np.ndarray
    n_active: np.ndarray


class ManifoldGeometry(Result, _Fields):
    r"""Quantities of manifolds, arrays of shape (n_manifolds,) or (n_kappas, n_manifolds).

    With Gaussian vectors t, anchor points s and their deviations ds from the mean anchor
    point, in units of the distance of the manifold's center from the origin:

    Attributes
    ----------
    capacity : ndarray of shape ([n_kappas,] n_manifolds)
        Manifolds per feature that a linear readout can separate.
    radius : ndarray of shape ([n_kappas,] n_manifolds)
        :math:`\sqrt{E |ds|^2}`.
    dimension : ndarray of shape ([n_kappas,] n_manifolds)
        :math:`E[(t \cdot ds)^2 / |ds|^2]`.
    dimension_cos : ndarray of shape ([n_kappas,] n_manifolds)
        :math:`D \, E[t \cdot s / (|t| |s|)]^2`, which mftma calls the dimension.
    dimension_matlab : ndarray of shape ([n_kappas,] n_manifolds)
        :math:`D \, E[t \cdot ds / (|(t, t_0)| |ds|)]^2`, where t_0 is the coordinate of t
        along the center: "effective_dimension2" of dnn-object-manifolds.
    half_width : ndarray of shape ([n_kappas,] n_manifolds)
        :math:`E[t \cdot ds]`.
    gaussian_radius, gaussian_dimension, gaussian_half_width : ndarray of shape \
        ([n_kappas,] n_manifolds)
        Radius, dimension and half width with the sample that is farthest along t for the
        anchor point, as in the paper of [1]_.
    gaussian_dimension_matlab : ndarray of shape ([n_kappas,] n_manifolds)
        :math:`E[t \cdot ds]^2 / E |ds|^2` with the same samples: what dnn-object-manifolds
        prints.
    n_active : ndarray of shape ([n_kappas,] n_manifolds)
        Mean number of samples that an anchor point consists of.

    Notes
    -----
    Names in dnn-object-manifolds, whose frame is ``MeanFieldCapacity(frame="matlab")``:

    =============================  ==========================================
    there                          here
    =============================  ==========================================
    alphac_hat                     capacity, with ``estimator="width"``
    alphac_hat2                    capacity, with the other estimators
    mean_argmax_norm2              radius squared
    effective_dimension            dimension
    effective_dimension2           dimension_matlab
    mean_half_width2               half_width
    mean_argmax_norm(1)            gaussian_radius squared
    mean_half_width(1)             gaussian_half_width
    gaussian_dimension, Dg         gaussian_dimension_matlab
    =============================  ==========================================

    References
    ----------
    .. [1] Chung, Lee & Sompolinsky (2018). Classification and geometry of general
       perceptual manifolds. Physical Review X 8, 031003. doi:10.1103/PhysRevX.8.031003
    """

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each manifold, of one margin after the other.

        Returns
        -------
        pandas.DataFrame
            A column for each quantity. :meth:`MeanFieldCapacity.to_frame` has names and errors.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame({k: np.ravel(v) for k, v in self._asdict().items()})
