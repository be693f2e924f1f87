"""The samples that go through a model, read by batches."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from scipy.sparse import issparse

from netrep_go._files import reading
from netrep_go._optional import optional
from netrep_go._parts import content_hash
from netrep_go._shown import kind_of, shown
from netrep_go._validation import unmasked

Preprocess = Callable[[np.ndarray], Any]

_IMAGES = {
    *(".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"),
}
_FEW = 3  # samples that identify the rest


class Samples:
    """What users pass as X: anything that has a shape and slices."""

    in_order = False  # any rows can be read

    def __init__(self, X: Any) -> None:
        # pandas objects slice by labels, other frames and arrays by positions
        sliced = hasattr(X, "shape") and not hasattr(X, "iloc")
        self._source = X if sliced else to_numpy(X)
        self.shape = tuple(self._source.shape)
        if not self.shape or self.shape[0] == 0:
            raise ValueError(f"X must have at least one sample, got shape {self.shape}")
        self.n_samples: int | None = self.shape[0]

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return rows, which may be a view of what the user has."""
        return to_numpy(self._source[start:stop])

    def batches(self, size: int, start: int = 0) -> Iterator[np.ndarray]:
        """Yield all samples from the given one on, so many at once."""
        for first in range(start, self.shape[0], size):
            yield self.read(first, first + size)

    def identity(self) -> str:
        """Return what tells these samples from others: their number, the first and the last."""
        last = self.shape[0] - 1
        return f"{self.shape} {hashed(self.read(0, _FEW))} {hashed(self.read(last, last + 1))}"


class ImageFiles:
    """Image files, each of which is read and preprocessed when its batch comes."""

    in_order = False

    def __init__(self, paths: Sequence[Path], preprocess: Preprocess) -> None:
        self._paths, self._preprocess = paths, preprocess
        self._pillow = optional("PIL.Image", "plot", "reading image files")
        self._oriented = optional("PIL.ImageOps", "plot", "reading image files").exif_transpose
        self.n_samples: int | None = len(paths)

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return images as the model takes them."""
        paths = self._paths[start:stop]
        images = [self._read(path) for path in paths]
        shapes = {image.shape: path for image, path in zip(images, paths, strict=True)}
        if len(shapes) > 1:
            told = " and ".join(f"{shape} of {path}" for shape, path in [*shapes.items()][:2])
            raise ValueError(f"preprocess must return images of one shape, got {told}")
        return np.concatenate(images)

    def batches(self, size: int, start: int = 0) -> Iterator[np.ndarray]:
        """Yield all images from the given one on, so many at once."""
        for first in range(start, len(self._paths), size):
            yield self.read(first, first + size)

    def identity(self) -> str:
        """Return what tells these images from others: their names, the first ones and the last."""
        names = content_hash("\n".join(path.name for path in self._paths).encode())
        n = len(self._paths)
        return f"{n} files {names} {hashed(self.read(0, _FEW))} {hashed(self.read(n - 1, n))}"

    def _read(self, path: Path) -> np.ndarray:
        with reading(path, "cannot be read as an image"), self._pillow.open(path) as file:
            image = self._oriented(file)
            image.load()
        pixels = self._colors(image, path)
        image = to_numpy(self._preprocess(pixels[np.newaxis]))
        if image.ndim < 2 or len(image) != 1:
            raise ValueError(
                f"preprocess must return one image for one, got shape {image.shape} for {path}"
            )
        return image

    def _colors(self, image: Any, path: Path) -> np.ndarray:
        """Return three channels of 8 bits; Pillow would clip more, and bare what is hidden."""
        if image.mode.startswith(("I", "F")):
            raise ValueError(f"{path} must have 8 bits a channel, got mode {image.mode!r}")
        if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
            image = image.convert("RGBA")
            if image.getextrema()[3][0] < 255:
                raise ValueError(f"{path} must not have transparent pixels: give it a background")
        return np.asarray(image.convert("RGB"))


class Stream:
    """Batches that come one after the other, put together to others of one size."""

    in_order = True

    def __init__(self, batches: Iterable[Any], n_samples: int | None) -> None:
        self._batches = iter(batches)
        self._waiting: list[np.ndarray] = []
        self.n_samples = n_samples
        if not len(self.read(0, 1)):
            raise ValueError("X must have at least one sample, got no batches")

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the next rows, which stay the next ones."""
        while sum(map(len, self._waiting)) < stop:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._waiting.append(self._checked(batch))
        if len(self._waiting) > 1:
            self._waiting = [np.concatenate(self._waiting)]
        return self._waiting[0][start:stop] if self._waiting else np.empty((0, 0))

    def batches(self, size: int, start: int = 0) -> Iterator[np.ndarray]:
        """Yield all samples, so many at once: whoever wants others has to let these pass."""
        done = 0
        while len(batch := self.read(0, size)):
            self._waiting = [rest] if len(rest := self._waiting[0][size:]) else []
            done += len(batch)
            yield batch
        if self.n_samples not in (None, done):
            raise ValueError(f"X must have {self.n_samples} samples, as it says, got {done}")

    def identity(self) -> str:
        """Return what tells these samples from others: the first ones."""
        return f"{self.n_samples} samples {hashed(self.read(0, _FEW))}"

    def _checked(self, batch: Any) -> np.ndarray:
        """Return the samples of a batch, which may come with labels."""
        batch = to_numpy(batch[0] if isinstance(batch, (tuple, list)) and batch else batch)
        if batch.ndim == 0 or batch.dtype.kind == "O":
            raise TypeError(
                "batches of X must be arrays, or tuples of one and what belongs to it, got "
                f"{batch.dtype} of shape {batch.shape}"
            )
        if self._waiting and batch.shape[1:] != self._waiting[0].shape[1:]:
            raise ValueError(
                "batches of X must have samples of one shape, got "
                f"{self._waiting[0].shape[1:]} and {batch.shape[1:]}"
            )
        return batch


AnySamples = Samples | ImageFiles | Stream


def as_samples(X: Any, preprocess: Preprocess | None) -> AnySamples:
    """Return what reads X by batches."""
    if preprocess is not None or isinstance(X, (str, os.PathLike)):
        return _image_files(X, preprocess)
    if isinstance(X, ModuleType):
        raise TypeError(f"X must be samples, got {shown(X)}")
    if issparse(X):
        raise TypeError(f"X must be dense, got {kind_of(X)}: pass X.toarray()")
    arrays = ("shape", "__getitem__", "__array__", "__dataframe__")
    if hasattr(X, "__iter__") and not any(hasattr(X, name) for name in arrays):
        return Stream(X, _length(X))
    return Samples(X)


def _image_files(X: Any, preprocess: Preprocess | None) -> ImageFiles:
    if preprocess is None or not callable(preprocess):
        raise TypeError(
            "image files need a function for preprocess, such as "
            f"netrep_go.datasets.preprocess_images, got {preprocess!r}"
        )
    if isinstance(X, (str, os.PathLike)):
        folder = Path(X)
        if not folder.is_dir():
            raise NotADirectoryError(f"X must be a folder or a list of image files, got {X!r}")
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _IMAGES)
    elif isinstance(X, (list, tuple)) and all(isinstance(x, (str, os.PathLike)) for x in X):
        paths = [Path(x) for x in X]
    else:
        raise TypeError(f"preprocess is for image files, got X of type {type(X).__name__}")
    if not paths:
        raise ValueError(f"X must have at least one image file, got none in {X!r}")
    return ImageFiles(paths, preprocess)


def _length(batches: Any) -> int | None:
    """Return how many samples a DataLoader of PyTorch has; refuse one of random order."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(batches, torch.utils.data.DataLoader):
        return None
    data = torch.utils.data
    random = (data.RandomSampler, data.SubsetRandomSampler, data.WeightedRandomSampler)
    sampler = getattr(batches.batch_sampler, "sampler", batches.sampler)
    if isinstance(sampler, random):
        raise ValueError("X must give its samples in order: set shuffle=False in the DataLoader")
    if batches.batch_size is None or isinstance(batches.dataset, data.IterableDataset):
        return None
    return len(batches) * batches.batch_size if batches.drop_last else len(sampler)


def hashed(batch: np.ndarray) -> str:
    """Return a hash of a batch's content."""
    return content_hash(np.asarray(batch, str) if batch.dtype.hasobject else batch)


def to_numpy(batch: Any) -> np.ndarray:
    """Return a batch as an array, which may be a view of it."""
    if not hasattr(batch, "detach"):
        return unmasked(batch, "X")
    from netrep_go.extract._torch import to_numpy as from_torch

    return from_torch(batch)


def filled(batch: np.ndarray, size: int) -> np.ndarray:
    """Return a batch of at least this size, whose last sample is repeated."""
    if len(batch) >= size:
        return batch
    return np.concatenate([batch, np.repeat(batch[-1:], size - len(batch), axis=0)])
