"""Scores of searchlights as maps, images and tables."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netrep_go._adjacency import spaced_grid, surface_adjacency
from netrep_go._maps import UNKNOWN, SubjectMaps, named_subjects
from netrep_go._names import Name, position_of
from netrep_go._optional import pandas
from netrep_go._results import Result
from netrep_go.rsa._surfaces import to_gifti
from netrep_go.rsa._volumes import to_nifti


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class SearchlightResult(Result):
    """Result of :func:`searchlight`.

    Attributes
    ----------
    scores : ndarray of shape (n_centers, n_models) or (n_subjects, n_centers, n_models)
        Similarity of the RDM of each searchlight to each model. A row of NaN is a
        searchlight whose RDM is undefined. If the models are RDMs of time points,
        ``scores.T`` is the time x center matrix of a fusion.
    centers : ndarray of shape (n_centers,)
        Position of each center in the flattened volume, its vertex, or number of the
        neighbor list; of several subjects those that all have.
    n_features : ndarray of shape (n_centers,) or (n_subjects, n_centers)
        Number of voxels of each searchlight that are finite.
    names : list
        Names of the models, or their positions.
    shape : tuple of int or None
        Shape of the volume, or (n_vertices,) of a surface.
    method : str
        How RDMs are compared.
    affine : ndarray of shape (4, 4) or None
        From voxels to the space of the images, in mm.
    subjects : list or None
        Names of the subjects, or their positions; None if data were of one.
    step : int
        Centers are on every step-th plane along each axis.
    faces : ndarray of shape (n_faces, 3) or None
        Triangles of the surface.
    """

    scores: np.ndarray = field(repr=False)
    centers: np.ndarray = field(repr=False)
    n_features: np.ndarray = field(repr=False)
    names: list[Name]
    shape: tuple[int, ...] | None
    method: str
    affine: np.ndarray | None = field(default=None, repr=False)
    subjects: list[Name] | None = None
    step: int = field(default=1, repr=False)
    faces: np.ndarray | None = field(default=None, repr=False)

    def to_volume(self, model: Name = 0) -> np.ndarray:
        """Return the scores of a model as a volume.

        Parameters
        ----------
        model : int or hashable, default=0
            Name of the model, or its position.

        Returns
        -------
        ndarray of the shape of the mask, or (n_vertices,)
            NaN where there is no center. Of several subjects with a first axis of these.
        """
        if self.shape is None:
            raise ValueError("neighbor lists have no volume: use scores and centers")
        scores = self.scores[..., position_of(model, self.names)]
        volume = np.full((*scores.shape[:-1], math.prod(self.shape)), np.nan)
        volume[..., self.centers] = scores
        return volume.reshape(*scores.shape[:-1], *self.shape)

    def to_nifti(self, model: Name = 0) -> Any:
        """Return the scores of a model as an image, to be saved, shown or resampled.

        Parameters
        ----------
        model : int or hashable, default=0
            Name of the model, or its position.

        Returns
        -------
        nibabel.Nifti1Image
            In double precision, with the affine of the images; NaN where there is no center.
            The last axis runs along several subjects.

        Raises
        ------
        ImportError
            If nibabel is not installed.
        ValueError
            If there is no affine.
        """
        volume = self.to_volume(model)
        return to_nifti(
            volume if self.subjects is None else np.moveaxis(volume, 0, -1), self.affine
        )

    def to_gifti(self, model: Name = 0) -> Any:
        """Return the scores of a model on a surface as an image.

        Parameters
        ----------
        model : int or hashable, default=0
            Name of the model, or its position.

        Returns
        -------
        nibabel.gifti.GiftiImage
            In single precision; NaN where there is no center. Of several subjects a map each.

        Raises
        ------
        ImportError
            If nibabel is not installed.
        ValueError
            If these are no scores on a surface.
        """
        values = self.to_volume(model)
        if len(self.shape or ()) != 1:
            raise ValueError(f"to_gifti is for scores on a surface, got shape {self.shape}")
        return to_gifti(values)

    def _maps(self, model: Name | None) -> SubjectMaps:
        """Return the scores of a model, for tests over subjects.

        Centers whose RDM is undefined in some subject are NaN in all.
        """
        at = position_of(model, self.names)
        scores = self.scores[..., at] if self.shape is None else self.to_volume(at)
        scores = np.array(scores if self.subjects is not None else scores[np.newaxis])
        scores[:, np.isnan(scores).any(axis=0)] = np.nan
        return SubjectMaps(scores, named_subjects(self.subjects), self._adjacency(), self.affine)

    def _adjacency(self) -> Any:
        """Return which points are neighbors: None for all those of a grid."""
        if self.shape is None or (self.faces is not None and self.step > 1):
            return UNKNOWN
        if self.faces is not None:
            return surface_adjacency(self.faces, self.shape[0])
        return None if self.step == 1 else spaced_grid(self.centers, self.shape, self.step)

    def plot(self, **options: Any) -> Any:
        """Draw slices of the scores of a model.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.SearchlightDisplay.from_searchlight`.

        Returns
        -------
        display : netrep_go.plotting.SearchlightDisplay
            The drawn display.
        """
        from netrep_go.plotting import SearchlightDisplay

        return SearchlightDisplay.from_searchlight(self, **options)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each subject, center and model.

        Returns
        -------
        pandas.DataFrame
            With columns center, model, n_features, method, score; of several subjects with
            subject before them.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        *lead, center, model = np.indices(self.scores.shape).reshape(self.scores.ndim, -1)
        columns: dict[str, Any] = {}
        if self.subjects is not None:
            columns["subject"] = [self.subjects[k] for k in lead[0]]
        columns |= {
            "center": self.centers[center],
            "model": [self.names[k] for k in model],
            "n_features": np.repeat(self.n_features, len(self.names)),
            "method": self.method,
            "score": self.scores.ravel(),
        }
        return pandas().DataFrame(columns)
