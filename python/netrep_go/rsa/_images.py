"""Images of nibabel, or of any class like its, and their files."""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from netrep_go._files import check_ends
from netrep_go._optional import optional
from netrep_go._validation import as_reals

Image = Any  # of nibabel, or what has its attributes; or a path
Images = Image | Sequence[Image]

# Ends of the names of files that are opened; other texts are not taken for files.
ENDS = (".nii", ".nii.gz", ".img", ".hdr", ".mgh", ".mgz", ".head", ".brik", ".gii", ".gii.gz")


def is_volume(x: Any) -> bool:
    """Whether this is an image on a grid of voxels."""
    return hasattr(x, "dataobj") and hasattr(x, "affine")


def is_gifti(x: Any) -> bool:
    """Whether this is an image on a surface."""
    return hasattr(x, "darrays")


def is_file(x: Any) -> bool:
    """Whether this is the path of an image."""
    return isinstance(x, (str, os.PathLike)) and os.fspath(x).lower().endswith(ENDS)


def holds_images(x: Any) -> bool:
    """Whether this is an image or a path of one, or a list with some."""
    if isinstance(x, (list, tuple)):
        return any(map(holds_images, x))
    return is_volume(x) or is_gifti(x) or is_file(x)


def holds_maps(x: Any) -> bool:
    """Whether this is an image on a surface or a path of one, or a list with some."""
    if isinstance(x, (list, tuple)):
        return any(map(holds_maps, x))
    return is_gifti(x) or (is_file(x) and ".gii" in os.fspath(x).lower()[-7:])


def opened(x: Any, name: str) -> Any:
    """Return the image of a file, and what is none as it is."""
    if not is_file(x):
        return x
    nibabel = optional("nibabel", "neuro", f"{name} as an image file")
    try:
        check_ends(x)
        _check_whole(os.fspath(x))
        return nibabel.load(x)
    except FileNotFoundError:
        raise FileNotFoundError(f"{name}: there is no file {os.fspath(x)!r}") from None
    except Exception as error:  # of many kinds, by format and damage
        raise ValueError(f"{name}: {os.fspath(x)!r} cannot be read: {error}") from error


def _check_whole(path: str) -> None:
    """Raise if compressed data have another checksum, before which nibabel ends to read."""
    if path.lower().endswith((".gz", ".mgz")):
        with gzip.open(path) as stream:
            while stream.read(2**22):
                pass


def voxels(image: Any, name: str) -> np.ndarray:
    """Return the numbers of an image on a grid, in the order of its axes."""
    try:
        values = np.asanyarray(image.dataobj)
    except Exception as error:  # of many kinds, by format and damage
        file = getattr(image, "get_filename", lambda: None)()
        where = "" if file is None else f": {file!r}"
        raise ValueError(f"{name}{where} cannot be read: {error}") from error
    return as_reals(values, name)
