"""Measures by name, all pairs of networks, against other packages and what they cannot do without.

Peers compare one pair a call, so that a part of the pairs is timed. Each function below returns
one case or yields several; ``CASES`` lists them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main, peer
from scipy.cluster.hierarchy import linkage
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from netrep_go._jobs import in_threads
from netrep_go.metrics import MinibatchCKA, get_measure
from netrep_go.metrics._matching import transport
from netrep_go.multiset import pairwise_distances

dcor = peer("dcor")
ot = peer("ot")
torch = peer("torch")


def gaussian(n_networks: int, m: int, p: int) -> list[np.ndarray]:
    """Random networks, whose neurons have something in common."""
    rng = np.random.default_rng(0)
    return [
        rng.standard_normal((m, p)) + rng.standard_normal((m, 5)) @ rng.standard_normal((5, p))
        for _ in range(n_networks)
    ]


def n_pairs(networks: list[np.ndarray]) -> int:
    """Return how many pairs there are."""
    return len(networks) * (len(networks) - 1) // 2


def all_pairs(name: str, xs: list[np.ndarray], **params: object) -> Callable[[], object]:
    """Return our way."""
    measure = get_measure(name, **params)
    return lambda: pairwise_distances(measure, xs, verbose=False)


def pair_by_pair(compare: Callable[..., object], xs: list[np.ndarray]) -> Callable[[], object]:
    """Return the way of those who compare one pair a call."""
    return lambda: [compare(x, y) for x, y in itertools.combinations(xs, 2)]


def grams(xs: list[np.ndarray]) -> Callable[[], object]:
    """Return the floor: one Gram matrix a network, and all products of their halves."""
    rows = np.tri(len(xs[0]), k=-1, dtype=bool)

    def run() -> np.ndarray:
        vectors = np.array([(x @ x.T)[rows] for x in xs])
        return vectors @ vectors.T

    return run


def distance_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Compare a pair as dcor does."""
    return dcor.distance_correlation(x, y)


def gaussian_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Compare a pair in NumPy as the definition says."""
    K, L = (centered_gaussian(a) for a in (x, y))
    return np.sum(K * L) / np.linalg.norm(K) / np.linalg.norm(L)


def centered_gaussian(x: np.ndarray) -> np.ndarray:
    """Return the centered kernel of median width."""
    d2 = np.sum(x**2, axis=1)
    d2 = d2[:, np.newaxis] + d2 - 2 * x @ x.T
    K = np.exp(-d2 / (2 * np.median(d2)))
    return K - K.mean(axis=0) - K.mean(axis=1, keepdims=True) + K.mean()


def nuclear_norm(x: np.ndarray, y: np.ndarray) -> float:
    """Compare the shapes of a pair in NumPy."""
    x, y = (a - a.mean(axis=0) for a in (x, y))
    product = x.T @ y / np.linalg.norm(x) / np.linalg.norm(y)
    return np.linalg.norm(product, "nuc")


def aligned_cosine(x: np.ndarray, y: np.ndarray) -> float:
    """Compare the samples of a pair in NumPy and SciPy."""
    x = x @ orthogonal_procrustes(x, y)[0]
    sizes = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    return np.mean(np.sum(x * y, axis=1) / sizes)


def kernels(quick: bool) -> Iterable[Case]:
    """Kernels and distances between samples: one matrix a network, one product a pair."""
    xs = gaussian(5, 100, 20) if quick else gaussian(50, 1000, 256)
    peers = {"cka_rbf": ("numpy", gaussian_cka)}
    if dcor is not None:
        peers["distance_correlation"] = ("dcor", distance_correlation)
    for name in (
        "cka_unbiased",
        "cka_diagonal_free",
        "cka_rbf",
        "cka_rbf_unbiased",
        "cka_corrected",
        "distance_correlation",
        "rsm_norm_difference",
    ):
        candidates = {"ours": all_pairs(name, xs), "grams alone": grams(xs)}
        units_of = {}
        if name in peers:
            theirs, compare = peers[name]
            candidates[theirs] = pair_by_pair(compare, xs[:3])
            units_of[theirs] = 3
        title = f"{name}, {len(xs)} x {xs[0].shape}"
        yield Case(title, candidates, n_pairs(xs), "pair", repeats=3, units_of=units_of)


def shapes(quick: bool) -> Iterable[Case]:
    """Compare shapes: all in Go, and pair by pair."""
    xs = gaussian(5, 100, 20) if quick else gaussian(20, 1000, 256)
    for name, compare in (("nbs", nuclear_norm), ("aligned_cosine", aligned_cosine)):
        candidates = {"ours": all_pairs(name, xs), "numpy": pair_by_pair(compare, xs[:4])}
        title = f"{name}, {len(xs)} x {xs[0].shape}"
        units_of = {"numpy": 6}
        yield Case(title, candidates, n_pairs(xs), "pair", repeats=3, units_of=units_of)


def minibatch(quick: bool) -> Case:
    """All pairs of layers of a batch of samples."""
    xs = gaussian(4, 64, 20) if quick else gaussian(40, 512, 256)
    layers = dict(enumerate(xs))
    return Case(
        f"minibatch CKA, a batch of {len(xs[0])} and {len(xs)} layers",
        {"ours": lambda: MinibatchCKA().partial_fit(layers), "grams alone": grams(xs)},
        n_pairs(xs),
        "pair",
    )


def canonical_correlations(quick: bool) -> Iterable[Case]:
    """SVCCA and PWCCA against NumPy pair by pair, of which a part is timed, and their floor."""
    xs = gaussian(4, 200, 32) if quick else gaussian(50, 1000, 256)
    few, both = xs[:4], len(xs) ** 2
    for name, of_pair, n in (
        ("svcca", _svcca, n_pairs(xs)),
        ("pwcca_x_weights", _pwcca, both),  # whose two orders differ
    ):
        candidates = {
            "ours": all_pairs(name, xs),
            "NumPy, pair by pair": lambda f=of_pair: [f(x, few[0]) for x in few[1:]],
            "floor": lambda: list(in_threads(_product_and_singular, _bases(xs), None)),
        }
        units_of = {"NumPy, pair by pair": 3, "floor": n_pairs(xs)}
        title = f"{name}, {len(xs)} x {xs[0].shape}"
        yield Case(title, candidates, n, "pair", repeats=3, units_of=units_of)


def other_subspaces(quick: bool) -> Iterable[Case]:
    """Time the other measures of subspaces, and regressions, alone."""
    xs = gaussian(4, 200, 32) if quick else gaussian(50, 1000, 256)
    for name, n in (
        ("mean_cca", n_pairs(xs)),
        ("mean_squared_cca", n_pairs(xs)),
        ("gulp", n_pairs(xs)),
        ("eigenspace_overlap", n_pairs(xs)),
        ("linear_regression_y_to_x", len(xs) ** 2),
    ):
        title = f"{name}, {len(xs)} x {xs[0].shape}"
        yield Case(title, {"ours": all_pairs(name, xs)}, n, "pair", repeats=2)
    few = xs[:8]
    title = f"ridge_r2_y_to_x, {len(few)} x {xs[0].shape}"
    yield Case(title, {"ours": all_pairs("ridge_r2_y_to_x", few)}, len(few) ** 2, "pair", repeats=2)


def _components(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = x - x.mean(axis=0)
    basis, sizes, _ = np.linalg.svd(x, full_matrices=False)
    shares = np.cumsum(sizes**2) / np.sum(sizes**2)
    return x, basis[:, : np.searchsorted(shares, 0.99) + 1]


def _svcca(x: np.ndarray, y: np.ndarray) -> float:
    (_, U), (_, V) = _components(x), _components(y)
    return float(np.linalg.svd(U.T @ V, compute_uv=False).mean())


def _pwcca(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    U, V = (np.linalg.svd(z, full_matrices=False)[0] for z in (x, y))
    A, rho, _ = np.linalg.svd(U.T @ V, full_matrices=False)
    weights = np.abs((U @ A).T @ x).sum(axis=1)
    return float(weights @ rho / weights.sum())


def _bases(xs: list[np.ndarray]) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """Prepare each network, and yield all pairs."""
    bases = [basis for _, basis in in_threads(_components, xs, None)]
    return ((U, V) for i, U in enumerate(bases) for V in bases[:i])


def _product_and_singular(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    U, V = pair
    return np.linalg.svd(U.T @ V, compute_uv=False)


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


def rdm_of(x: np.ndarray) -> np.ndarray:
    """Return an RDM in NumPy, condensed."""
    return (1 - np.corrcoef(x))[np.triu_indices(len(x), 1)]


def ranked(xs: list[np.ndarray]) -> Callable[[], object]:
    """Return the floor: one RDM a network, sorted, and all products."""

    def run() -> np.ndarray:
        ranks = np.array([np.argsort(rdm_of(x)) for x in xs], float)
        return ranks @ ranks.T

    return run


def rsa(quick: bool) -> Iterable[Case]:
    """Compare RDMs: each is made and ranked once."""
    xs = gaussian(5, 100, 20) if quick else gaussian(50, 1000, 256)
    spearman = pair_by_pair(lambda x, y: spearmanr(rdm_of(x), rdm_of(y)).statistic, xs[:3])
    candidates = {"ours": all_pairs("rsa", xs), "scipy": spearman, "sorted alone": ranked(xs)}
    title = f"rsa, {len(xs)} x {xs[0].shape}"
    yield Case(title, candidates, n_pairs(xs), "pair", repeats=3, units_of={"scipy": 3})


def soft_matching(quick: bool) -> Iterable[Case]:
    """Optimal transport between units: the solver alone, and pairs with their correlations."""
    for p, q in ((30, 20),) if quick else ((200, 200), (200, 150), (200, 151)):
        x, y = gaussian(1, 1000, p)[0], gaussian(2, 1000, q)[1]
        rho = np.corrcoef(x.T, y.T)[:p, p:]
        candidates = {"ours": lambda rho=rho: transport(rho)}
        if ot is not None:
            masses = np.full(p, 1 / p), np.full(q, 1 / q)
            candidates["POT"] = lambda rho=rho, masses=masses: ot.emd(*masses, 1 - rho)
        yield Case(f"soft matching of {p} and {q} units: the solver", candidates, repeats=20)
    xs = gaussian(4, 200, 32) if quick else gaussian(10, 1000, 200)
    candidates = {"ours": all_pairs("soft_matching_correlation", xs)}
    if ot is not None:
        candidates["POT"] = pair_by_pair(_by_pot, xs)
    yield Case(f"soft matching, {len(xs)} x {xs[0].shape}", candidates, n_pairs(xs), "pair")


def _by_pot(x: np.ndarray, y: np.ndarray) -> float:
    p, q = x.shape[1], y.shape[1]
    rho = np.corrcoef(x.T, y.T)[:p, p:]
    return 1 - ot.emd2(np.full(p, 1 / p), np.full(q, 1 / q), 1 - rho)


def spanning_trees(quick: bool) -> Case:
    """RTD-Lite against one run of Prim's algorithm a pair, on distances that are given."""
    xs = gaussian(4, 200, 32) if quick else gaussian(50, 1000, 256)
    a, b = (pdist(x) for x in xs[:2])
    candidates = {
        "ours": all_pairs("rtd_lite", xs),
        "floor": lambda: linkage(np.minimum(a, b), "single"),
    }
    title = f"rtd_lite, {len(xs)} x {xs[0].shape}"
    return Case(title, candidates, n_pairs(xs), "pair", repeats=3, units_of={"floor": 1})


def heat_traces(quick: bool) -> Iterable[Case]:
    """Estimate the IMD of two networks, and compute it from all eigenvalues."""
    for n in (200,) if quick else (1000, 3000):
        xs = gaussian(2, n, 64)
        candidates = {
            "ours": all_pairs("imd", xs, method="lanczos"),
            "all eigenvalues": all_pairs("imd", xs),
        }
        yield Case(f"imd, 2 x {xs[0].shape}", candidates, repeats=2)


CASES = (
    *(kernels, shapes, minibatch, canonical_correlations, other_subspaces, neighborhoods),
    *(soft_matching, spanning_trees, heat_traces, rsa),
)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    for family in CASES:
        found = family(quick)
        yield from [found] if isinstance(found, Case) else found


if __name__ == "__main__":
    main(__file__, cases)
