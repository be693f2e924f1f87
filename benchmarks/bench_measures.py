"""Measures that the field uses, all pairs of networks, against public programs and the floor.

The floor is what no program can leave out. Each function below returns one case or yields
several; ``CASES`` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main, peer

from netrep_go._jobs import in_threads
from netrep_go.multiset import pairwise_distances

torch = peer("torch")


def gaussian(n_networks: int, m: int, p: int) -> list[np.ndarray]:
    """Random networks."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((m, p)) for _ in range(n_networks)]


def n_pairs(networks: list[np.ndarray]) -> int:
    """Return how many pairs there are."""
    return len(networks) * (len(networks) - 1) // 2


def all_pairs(name: str, networks: list[np.ndarray]) -> Callable[[], object]:
    """Return what compares all pairs."""
    return lambda: pairwise_distances(name, networks, verbose=False)


def neighborhoods(quick: bool) -> Iterable[Case]:
    """Mutual neighbors against a Gram matrix and a partition a network, and platonic-rep's way."""
    xs = gaussian(4, 200, 32) if quick else gaussian(50, 1000, 256)
    candidates = {
        "ours": all_pairs("mutual_knn", xs),
        "floor": lambda: list(in_threads(_nearest, xs, None)),
        "platonic-rep's way in NumPy": lambda: _mutual(_sorted, *xs[:2]),
    }
    if torch is not None:
        ys = [torch.from_numpy(x) for x in xs[:2]]
        candidates["platonic-rep's way in torch"] = lambda: _mutual(_sorted_by_torch, *ys)
    one = dict.fromkeys((name for name in candidates if name.startswith("platonic")), 1)
    title = f"mutual neighbors, {len(xs)} x {xs[0].shape}"
    yield Case(title, candidates, n_pairs(xs), "pair", repeats=3, units_of=one)
    for name in (
        *("jaccard", "rank_similarity", "second_order_cosine"),
        *("cycle_knn", "lcs_knn", "edit_knn", "cknna"),
    ):
        title = f"{name}, {len(xs)} x {xs[0].shape}"
        yield Case(title, {"ours": all_pairs(name, xs)}, n_pairs(xs), "pair", repeats=2)


def _nearest(x: np.ndarray) -> np.ndarray:
    return np.argpartition(x @ x.T, len(x) - 11, axis=1)[:, -10:]


def _mutual(neighbors: Callable, x: object, y: object) -> float:
    """Share neighbors as masks of all pairs of samples; all is done anew for each pair."""
    first, second = neighbors(x), neighbors(y)
    masks = np.zeros((2, len(x), len(x)), np.float32)
    rows = np.arange(len(x))[:, np.newaxis]
    masks[0, rows, first] = masks[1, rows, second] = 1
    return float((masks[0] * masks[1]).sum(axis=1).mean() / 10)


def _sorted(x: np.ndarray) -> np.ndarray:
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    gram = x @ x.T
    np.fill_diagonal(gram, -1e8)
    return np.argsort(-gram, axis=1)[:, :10]


def _sorted_by_torch(x: object) -> object:
    x = torch.nn.functional.normalize(x, dim=-1)
    return (x @ x.T).fill_diagonal_(-1e8).argsort(dim=1, descending=True)[:, :10].numpy()


CASES = (neighborhoods,)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    for family in CASES:
        yield from family(quick)


if __name__ == "__main__":
    main(__file__, cases)
