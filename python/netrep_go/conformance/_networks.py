"""Networks that claims are tried on, and what may be done to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netrep_go.metrics import Measure

Generator = np.random.Generator
Draw = Callable[[Generator, int, int], Any]  # of n samples and so many features
Map = tuple[np.ndarray, np.ndarray]  # of features: v -> v A + b

N_TIMES = 3  # of processes

_PADDED = ("matrix", "images")  # of any width


def _covariances(rng: Generator, *shape: int) -> np.ndarray:
    roots = rng.standard_normal((*shape, shape[-1]))
    return roots @ roots.swapaxes(-1, -2)


DRAWS: dict[str, Draw] = {
    "matrix": lambda rng, n, p: rng.standard_normal((n, p)) + 0.5,
    "images": lambda rng, n, p: rng.standard_normal((n, 3, 4, p)),
    "outputs": lambda rng, n, p: 3 * rng.standard_normal((n, p)),
    "repeats": lambda rng, n, p: (
        2 * rng.standard_normal((n, 1, p)) + rng.standard_normal((n, 3, p))
    ),
    "gaussians": lambda rng, n, p: (rng.standard_normal((n, p)), _covariances(rng, n, p)),
    "process": lambda rng, n, p: (
        rng.standard_normal(N_TIMES * p),
        _covariances(rng, N_TIMES * p),
    ),
}

# What the invariances allow. Units and places far apart tell constants and lost digits.
CHANGES: dict[str, Callable[[Generator, int], list[Map]]] = {
    "permutation": lambda rng, p: [(np.eye(p)[rng.permutation(p)], np.zeros(p))],
    "rotation": lambda rng, p: [(np.linalg.qr(rng.standard_normal((p, p)))[0], np.zeros(p))],
    "linear": lambda rng, p: [(rng.standard_normal((p, p)) + 2 * np.eye(p), np.zeros(p))],
    "scale": lambda rng, p: [(factor * np.eye(p), np.zeros(p)) for factor in (2.5, 1e-6, 1e6)],
    "translation": lambda rng, p: [
        (np.eye(p), factor * rng.standard_normal(p)) for factor in (1.0, 100.0)
    ],
}


@dataclass(frozen=True)
class Source:
    """Where networks come from: what they are, how large, and how they are drawn."""

    data: str
    n_samples: int
    widths: tuple[int, ...]
    draw: Draw

    def networks(self, rng: Generator, k: int) -> list[Any]:
        """Draw networks, whose widths take turns."""
        return [self.draw(rng, self.n_samples, self.widths[i % len(self.widths)]) for i in range(k)]

    def of_width(self, rng: Generator, width: int) -> Any:
        """Draw a network."""
        return self.draw(rng, self.n_samples, width)

    def narrowed(self) -> Source:
        """Return a source of networks of one width."""
        return replace(self, widths=self.widths[:1])

    def awkward(self, rng: Generator) -> list[Any]:
        """Draw networks that break the triangle inequality where they can."""
        xs, data, p = self.networks(rng, 4), self.data, self.widths[0]
        if data in _PADDED and len(self.widths) > 1:
            small = ((1e-2, 2), (1e-2, 2), (1e-4, 10))
            xs += [scale * self.draw(rng, self.n_samples, width) for scale, width in small]
        if data == "matrix":  # little by little away from the first
            xs += [xs[0] + step * self.draw(rng, self.n_samples, p) for step in (0.1, 0.2)]
            xs += _rings(rng, self.n_samples) if len(self.widths) > 1 else []
        if data == "outputs":
            xs.append((xs[0] + xs[1]) / 2)
        if data == "images":
            xs += [np.roll(xs[0], shift, axis=2) for shift in (1, 2)]
        if data == "repeats":  # of the same means
            means = xs[0].mean(axis=1, keepdims=True)
            others = [self.draw(rng, self.n_samples, p) for _ in range(3)]
            xs += [means + x - x.mean(axis=1, keepdims=True) for x in others]
        if data in ("gaussians", "process"):  # the same covariances elsewhere, means that mislead
            for change in ("rotation", "permutation", "permutation"):
                xs.append(self.mapped(xs[0], CHANGES[change](rng, p)[0]))
            xs = [(0.1 * mean, cov) for mean, cov in xs]
        return xs

    def width(self, x: Any) -> int:
        """Return how many features a network has."""
        if self.data == "process":
            return self.widths[0]
        return (x[0] if self.data == "gaussians" else x).shape[-1]

    def mapped(self, x: Any, change: Map) -> Any:
        """Return a network with its features mapped."""
        A, b = change
        if self.data not in ("gaussians", "process"):
            return x @ A + b
        mean, cov = x
        if self.data == "process":
            A, b = np.kron(np.eye(N_TIMES), A), np.tile(b, N_TIMES)
        return mean @ A + b, A.T @ cov @ A

    def reordered(self, x: Any, rng: Generator) -> Any:
        """Return a network with its samples, or times, in another order."""
        if self.data == "process":
            p = self.widths[0]
            order = np.concatenate([p * t + np.arange(p) for t in rng.permutation(N_TIMES)])
            return x[0][order], x[1][np.ix_(order, order)]
        order = rng.permutation(self.n_samples)
        return each_array(x, lambda array: array[order])

    def wide(self) -> Source:
        """Return a source of networks with fewer samples than features."""
        widths = tuple(self.n_samples + 2 + i for i in range(len(self.widths)))
        return Source(self.data, self.n_samples, widths, self.draw)


def _rings(rng: Generator, n: int) -> list[np.ndarray]:
    """Draw closed curves that go through the samples in almost the same order."""
    angles = 2 * np.pi * (np.arange(n) + rng.uniform(0, 0.3, n)) / n
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    orders = [rng.permutation(n)]
    for _ in range(3):
        i, j = rng.integers(0, n, 2)
        orders.append(orders[0].copy())
        orders[-1][[i, j]] = orders[-1][[j, i]]
    return [ring[order] for order in orders]


def source_of(
    measure: Measure, data: str, n_samples: int, widths: tuple[int, ...], draw: Draw | None
) -> Source:
    """Return where the networks of a measure come from, of one width if it takes no others."""
    if draw is None and data not in DRAWS:
        raise ValueError(f"draw must be given, since nothing is known of how to draw {data!r}")
    if data == "process":
        widths = (getattr(measure, "n_dims", widths[0]),)
    elif data not in _PADDED or not getattr(measure, "zero_pad", True):
        widths = widths[:1]
    return Source(data, n_samples, widths, DRAWS[data] if draw is None else draw)


def each_array(x: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """Return a network with its arrays changed."""
    return tuple(map(change, x)) if isinstance(x, tuple) else change(x)


def arrays(x: Any) -> Iterator[np.ndarray]:
    """Yield the arrays of a network."""
    yield from x if isinstance(x, tuple) else (x,)
