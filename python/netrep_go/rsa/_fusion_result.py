"""Result of a fusion: similarities of places and times."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from netrep_go._adjacency import Adjacency, volume_adjacency
from netrep_go._clusters import ClusterResult, cluster_test
from netrep_go._files import as_path, reading
from netrep_go._jobs import warn_user
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._parts import replacing
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._time_course import TimeCourse
from netrep_go._validation import check_number
from netrep_go.rsa._searchlight_result import SearchlightResult


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Fusion(Result):
    """Result of :func:`fusion`.

    Attributes
    ----------
    scores : ndarray of shape (n_subjects, n_places, n_times)
        Similarity of the RDM of each place to that of each time; NaN where a searchlight has
        no RDM.
    times : ndarray of shape (n_times,)
        Time of each, the mean of its window.
    names : list
        Names of the regions, or numbers of the centers.
    subjects : list
        Names of the subjects, or their positions.
    method : str
        How RDMs are compared.
    centers : ndarray of shape (n_places,) or None
        Of searchlights, their centers as in :class:`SearchlightResult`.
    n_features : ndarray of shape (n_places,) or None
        Number of voxels of each searchlight, the least of all subjects.
    shape : tuple of int or None
        Shape of the volume, or (n_vertices,) of a surface.
    affine : ndarray of shape (4, 4) or None
        From voxels to mm.
    over : {'places', 'times', 'both'} or None
        Whose subjects the scores are of; None of files that do not say it.
    """

    scores: np.ndarray = field(repr=False)
    times: np.ndarray = field(repr=False)
    names: list[Name]
    subjects: list[Name]
    method: str
    centers: np.ndarray | None = field(default=None, repr=False)
    n_features: np.ndarray | None = field(default=None, repr=False)
    shape: tuple[int, ...] | None = None
    affine: np.ndarray | None = field(default=None, repr=False)
    over: str | None = None

    @property
    def mean(self) -> np.ndarray:
        """Mean over subjects, of shape (n_places, n_times)."""
        return self.scores.mean(axis=0)

    @checked
    def time_course(self, places: Sequence[Name] | None = None) -> TimeCourse:
        """Return the time courses of places, to be drawn with errors and clusters.

        Parameters
        ----------
        places : sequence of hashable, default=None
            Names of the places; None for all.

        Returns
        -------
        TimeCourse
            With ``plot()``, and scores of shape (n_subjects, n_places, n_times).
        """
        chosen = list(self.names) if places is None else list(places)
        unknown = [name for name in chosen if name not in self.names]
        if unknown or not chosen:
            what = f"got {shown(unknown[0])}" if unknown else "got none"
            raise ValueError(f"places must be among {shown(self.names)}, {what}")
        return TimeCourse(
            scores=self.scores[:, [self.names.index(name) for name in chosen]],
            times=self.times,
            names=chosen,
            subjects=self.subjects,
            method=self.method,
            label=f"similarity of RDMs\n({self.method})",
            remark=self._remark(),
        )

    def _remark(self) -> str:
        """Return what tests over subjects warn of."""
        if self.over not in ("places", "times"):
            return ""
        shared, own = ("times", "places") if self.over == "places" else ("places", "times")
        return (
            f"subjects have {own} of their own but share the RDMs of {shared}, and the noise in "
            f"them: the test says that other subjects have what is in these very RDMs, and finds "
            f"clusters in most studies where they are noise. Use fusion with over='both', or "
            "compare with a baseline"
        )

    @checked
    def at(self, time: float) -> SearchlightResult:
        """Return the map of a time, the mean over subjects.

        Parameters
        ----------
        time : float
            The map is that of the nearest of ``times``.

        Returns
        -------
        SearchlightResult
            With the time as its only model, ``to_volume()``, ``to_nifti()`` and ``to_gifti()``.

        Raises
        ------
        ValueError
            If the places are regions, or the time is outside of ``times``.
        """
        if self.centers is None or self.n_features is None:
            raise ValueError("maps are of searchlights: regions have scores and time_course()")
        check_number(time, "time", self.times.min(), self.times.max())
        k = int(np.abs(self.times - time).argmin())
        return SearchlightResult(
            scores=self.mean[:, [k]],
            centers=self.centers,
            n_features=self.n_features,
            names=[float(self.times[k])],
            shape=self.shape,
            method=self.method,
            affine=self.affine,
        )

    def to_volume(self, time: float) -> np.ndarray:
        """Return the map of the nearest time as a volume.

        Parameters
        ----------
        time : float
            As in :meth:`at`.

        Returns
        -------
        ndarray of the shape of the mask, or (n_vertices,)
            NaN where there is no center.
        """
        return self.at(time).to_volume()

    def to_nifti(self, time: float) -> Any:
        """Return the map of the nearest time as an image.

        Parameters
        ----------
        time : float
            As in :meth:`at`.

        Returns
        -------
        nibabel.Nifti1Image
            With the affine of the images.
        """
        return self.at(time).to_nifti()

    def cluster_test(self, *, adjacency: Adjacency = None, **options: Any) -> ClusterResult:
        """Test over subjects where and when the similarity is above 0.

        Parameters
        ----------
        adjacency : sparse matrix or array_like of shape (n_places, n_places), default=None
            Which places are neighbors. None: voxels that share a face; of regions and neighbor
            lists no two, so that clusters extend over time alone. A cluster joins neighbors
            at the same time, and a place to itself at the next time.
        **options
            Of :func:`cluster_test`, but for ``others``.

        Returns
        -------
        ClusterResult
            Of points of shape (n_places, n_times), corrected for all of them.

        Raises
        ------
        ValueError
            If there is one subject, or no adjacency of a surface.

        Warns
        -----
        UserWarning
            Unless the scores are over 'both': see the notes of :func:`fusion`.
        """
        if remark := self._remark():
            warn_user(remark)
        return cluster_test(self.scores, adjacency=(self._graph(adjacency), None), **options)

    def _graph(self, adjacency: Adjacency) -> Any:
        """Return which places are neighbors, as a matrix."""
        if adjacency is not None:
            return adjacency if sparse.issparse(adjacency) else np.asarray(adjacency)
        n = len(self.names)
        if self.shape is None or self.centers is None:
            return sparse.csr_array((n, n))
        if len(self.shape) == 1:
            raise ValueError("places on a surface need adjacency: see surface_adjacency")
        inside = np.zeros(self.shape, bool)
        inside.flat[self.centers] = True
        return volume_adjacency(inside)

    def plot(self, **options: Any) -> Any:
        """Draw the scores of all places and times.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.FusionDisplay.from_fusion`, such as ``clusters`` and
            ``unit``.

        Returns
        -------
        display : netrep_go.plotting.FusionDisplay
            The drawn display.
        """
        from netrep_go.plotting import FusionDisplay

        return FusionDisplay.from_fusion(self, **options)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each subject, place and time.

        Returns
        -------
        pandas.DataFrame
            With columns subject, place, time, method, score.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        subject, place, time = np.indices(self.scores.shape).reshape(3, -1)
        columns = {
            "subject": [self.subjects[k] for k in subject],
            "place": [self.names[k] for k in place],
            "time": self.times[time],
            "method": self.method,
            "score": self.scores.ravel(),
        }
        return pandas().DataFrame(columns)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the result to a file, which replaces one of that name when it is complete.

        Parameters
        ----------
        path : path
            An .npz file of NumPy, which holds no pickled objects. Names must be texts or
            numbers.

        Raises
        ------
        ValueError
            If names are neither all texts nor all numbers.
        """
        for name in ("names", "subjects"):
            if len({isinstance(item, str) for item in getattr(self, name)}) > 1 or not all(
                isinstance(item, (str, int, float, np.number)) for item in getattr(self, name)
            ):
                raise ValueError(f"{name} must be all texts or all numbers to be saved")
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        arrays = {name: np.asarray(x) for name, x in values.items() if x is not None}
        with replacing(as_path(path, "path")) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Fusion:
        """Return the result in a file.

        Parameters
        ----------
        path : path
            What :meth:`save` has written.

        Returns
        -------
        Fusion
            The result.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged; begins with the path.
        """
        with (
            reading(as_path(path, "path"), "is damaged, or no file of a fusion"),
            np.load(path, allow_pickle=False) as file,
        ):
            found: dict[str, Any] = {name: file[name] for name in file.files}
            plain = found.keys() & {"names", "subjects", "method", "over"}
            found |= {name: found[name].tolist() for name in plain}
            if "shape" in found:
                found["shape"] = tuple(found["shape"].tolist())
            return cls(**found)
