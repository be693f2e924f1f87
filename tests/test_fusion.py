"""Several measures fused into one, and where they disagree."""

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from netrep_go.inference import compare_networks, disagreement, fuse
from netrep_go.metrics import as_measure

matplotlib.use("agg")
MEASURES = ["cka", "procrustes", "mutual_knn"]


def groups(rng, sizes=(3, 3)):
    """Networks of groups, each of which has a signal of its own."""
    return {
        f"{g}{i}": signal + rng.standard_normal((30, 5))
        for g, (size, signal) in enumerate(
            zip(sizes, rng.standard_normal((9, 30, 5)), strict=False)
        )
        for i in range(size)
    }


@pytest.fixture
def comparison(rng):
    return compare_networks(groups(rng), MEASURES, verbose=False)


def fused_by_hand(distances, k, mu, n_iterations):
    """Fuse as the paper says, an entry at a time."""
    n = len(distances[0])

    def whole(w):
        p = np.full((n, n), 0.5)
        for i in range(n):
            for j in range(n):
                if i != j:
                    p[i, j] = w[i, j] / (2 * sum(w[i, m] for m in range(n) if m != i))
        return p

    affinities, local = [], []
    for d in distances:
        near = [np.mean(sorted(np.delete(d[i], i))[:k]) for i in range(n)]
        w = np.array(
            [
                [
                    np.exp(-(d[i, j] ** 2) / (mu * ((near[i] + near[j] + d[i, j]) / 3) ** 2))
                    for j in range(n)
                ]
                for i in range(n)
            ]
        )
        affinities.append(w)
        s = np.zeros((n, n))
        for i in range(n):
            best = sorted((j for j in range(n) if j != i), key=lambda j, i=i, w=w: -w[i, j])[:k]
            s[i, best] = w[i, best] / (2 * (w[i].sum() - w[i, i]))
            s[i, i] = 0.5
            s[i] /= s[i].sum()
        local.append(s)
    p = [whole(w) for w in affinities]
    for _ in range(n_iterations):
        mixed = [
            local[v] @ np.mean([p[u] for u in range(len(p)) if u != v], axis=0) @ local[v].T
            for v in range(len(p))
        ]
        p = [whole((m + m.T) / 2) for m in mixed]
    fused = np.mean(p, axis=0)
    return (fused + fused.T) / 2


def test_fusion_is_that_of_the_paper(comparison):
    found = fuse(comparison, n_neighbors=2, width=0.4, n_iterations=3)
    distances = []
    for name, values in comparison.values.items():
        d = values.copy()
        if name != "procrustes":
            d = values[~np.eye(6, dtype=bool)].max() - values
        np.fill_diagonal(d, 0)
        distances.append(d)
    assert_allclose(found.similarity, fused_by_hand(distances, 2, 0.4, 3))
    assert list(found.to_frame().index) == comparison.rows


@pytest.mark.parametrize("sizes", [(2, 2), (2, 2, 2), (3, 3, 3), (2,) * 6, (5, 5)])
def test_families_are_nearest(sizes, rng):
    networks = groups(rng, sizes)
    similarity = fuse(compare_networks(networks, MEASURES, verbose=False)).similarity.copy()
    np.fill_diagonal(similarity, 0)
    nearest = [list(networks)[k] for k in similarity.argmax(axis=1)]
    assert [name[0] for name in nearest] == [name[0] for name in networks]


def test_groups_are_found_and_units_do_not_count(rng):
    networks = groups(rng, (4, 4))
    similarity = fuse(compare_networks(networks, MEASURES, verbose=False)).similarity
    same = np.kron(np.eye(2), np.ones((4, 4))) - np.eye(8) > 0
    assert similarity[same].min() > similarity[~same & ~np.eye(8, dtype=bool)].max()
    lengths = ["procrustes_size_and_shape", "cka_angular"]
    one = fuse(compare_networks(networks, lengths, verbose=False))
    large = {name: 1e6 * x for name, x in networks.items()}
    assert_allclose(
        fuse(compare_networks(large, lengths, verbose=False)).similarity, one.similarity
    )


def test_disagreement_is_of_ranks(comparison):
    found = disagreement(comparison)
    i, j = np.triu_indices(6, 1)
    cka, procrustes = comparison.values["cka"][i, j], comparison.values["procrustes"][i, j]
    assert_allclose(found.ranks[:, 0], (stats.rankdata(cka) - 1) / 14)
    assert_allclose(found.ranks[:, 1], (stats.rankdata(-procrustes) - 1) / 14)
    assert_allclose(found.spread, found.ranks.std(axis=1))
    assert found.correlation[0, 1] == pytest.approx(stats.spearmanr(cka, -procrustes).statistic)
    frame = found.to_frame()
    assert list(frame.columns) == ["network_1", "network_2", *MEASURES, "spread"]
    assert (frame.network_1[0], frame.network_2[0]) == ("00", "01")


def test_units_of_lengths_do_not_count(rng):
    names = ["procrustes_size_and_shape", "cka", "rsm_norm_difference"]
    networks = groups(rng)
    one, small = (
        disagreement(
            compare_networks({k: s * x for k, x in networks.items()}, names, verbose=False)
        )
        for s in (1, 1e-13)
    )
    assert_allclose(one.ranks, small.ranks)
    assert_allclose(one.correlation, small.correlation)


def test_equal_measures_agree(rng):
    two = {"a": "cka", "b": "cka_angular"}
    networks = groups(rng)
    found = disagreement(compare_networks(networks, two, verbose=False))
    assert not found.spread.any()
    assert_allclose(found.correlation, 1)


def test_directions_are_averaged(rng):
    one_way = as_measure(lambda X, Y: float(X[0, 0] - 2 * Y[0, 0]), kind="distance")
    networks = groups(rng)
    both = {"one": one_way, "cka": "cka"}
    values = compare_networks(networks, both, verbose=False).values["one"]
    found = disagreement(compare_networks(networks, both, verbose=False))
    i, j = np.triu_indices(6, 1)
    mean = np.maximum((values + values.T)[i, j] / 2, 0)
    assert_allclose(found.ranks[:, 0], (stats.rankdata(-mean) - 1) / 14)


def test_display(comparison):
    display = disagreement(comparison).plot(n_pairs=4)
    assert len(display.pairs) == 4
    assert display.ims_[1].get_array().shape == (4, 3)
    spread = disagreement(comparison).spread
    assert_allclose(display.ranks[0], disagreement(comparison).ranks[spread.argmax()])


@pytest.mark.parametrize("function", [fuse, disagreement])
def test_refusals(function, rng):
    networks = groups(rng)
    with pytest.raises(ValueError, match="at least 2 measures"):
        function(compare_networks(networks, ["cka"], verbose=False))
    two = dict(list(networks.items())[:2])
    with pytest.raises(ValueError, match=r"comparison must be of at least \d networks, got 2"):
        function(compare_networks(two, MEASURES, verbose=False))
    unknown = {"f": lambda X, Y: 1.0, "cka": "cka"}
    with pytest.raises(ValueError, match="values of f mean alike"):
        function(compare_networks(networks, unknown, verbose=False))
    gap = as_measure(lambda X, Y: np.nan, kind="distance", symmetric=True)
    with pytest.raises(ValueError, match="no undefined values, but gap of 00 and 01 is nan"):
        function(compare_networks(networks, {"gap": gap, "cka": "cka"}, verbose=False))
    with pytest.raises(TypeError, match="comparison"):
        function(networks)


def test_neighbors_that_tie_count_alike(rng):
    """What rounding tells apart, or the order of networks, must not choose neighbors."""
    X = rng.standard_normal((30, 5))
    turned = {k: X @ np.linalg.qr(rng.standard_normal((5, 5)))[0] for k in "abcde"}
    fused = fuse(compare_networks(turned, MEASURES, verbose=False)).similarity
    assert_allclose(fused[~np.eye(5, dtype=bool)], 0.125)
    twins = {k: x for k, x in zip("abcd", rng.standard_normal((4, 30, 5)), strict=True)}
    twins |= {f"{k}'": x for k, x in twins.items()} | {"a''": twins["a"]}
    there = fuse(compare_networks(twins, MEASURES, verbose=False)).to_frame()
    back = {k: twins[k] for k in reversed(twins)}
    again = fuse(compare_networks(back, MEASURES, verbose=False)).to_frame()
    assert_allclose(again.loc[there.index, there.columns], there, atol=1e-12)
    found = disagreement(compare_networks(turned, ["cka", "mutual_knn"], verbose=False))
    assert (found.ranks == 0.5).all()
    assert np.isnan(found.correlation).all()
