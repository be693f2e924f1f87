"""Fréchet means and tangent spaces against the definition."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.optimize import linear_sum_assignment
from sklearn.exceptions import ConvergenceWarning

from netrep_go.metrics import LinearMetric
from netrep_go.multiset import euclidean_tangent_space, frechet_mean, procrustes_average

METHODS = ["full_batch", "streaming"]
SHAPES = [(40, 6), (30, 30), (12, 25), (130, 7)]


def rotate(X, Y):
    """Return the best rotation of X to Y, from SciPy."""
    return orthogonal_procrustes(X, Y)[0]


def permute(X, Y):
    """Return the best permutation of X to Y, from SciPy."""
    return np.eye(X.shape[1])[linear_sum_assignment(-(Y.T @ X))[1]].T


ALIGN = {"orth": rotate, "perm": permute, "identity": lambda X, Y: np.eye(X.shape[1])}


def sweeps(Xs, mean, n_sweeps, method, group="orth"):
    """Iterate as netrep's loops mean to."""
    n = 1
    for _ in range(n_sweeps):
        reference, batch = mean, np.zeros(mean.shape)
        for X in Xs:
            aligned = X @ ALIGN[group](X, reference)
            batch += aligned / len(Xs)
            mean = (n * mean + aligned) / (n + 1)
            n += 1
        if method == "full_batch":
            mean = batch
    return mean


def turns(Xs, mean, n_sweeps, without):
    """Let networks take turns, each aligned to the sum of the others by a loop."""
    size = max(2, len(Xs) // 4)
    aligned = [np.zeros(mean.shape) for _ in Xs]
    for sweep in range(n_sweeps):
        for first in range(0, len(Xs), size):
            block = range(first, min(first + size, len(Xs)))
            total = sum(aligned) + (mean if sweep == 0 else 0)
            targets = [total - without * aligned[i] for i in block]
            for i, target in zip(block, targets, strict=True):
                aligned[i] = Xs[i] @ rotate(Xs[i], target)
    return np.mean(aligned, axis=0)


def loss(Xs, mean):
    """Return the sum of squared Procrustes distances to the mean."""
    metric = LinearMetric(center_columns=False, score_method="euclidean")
    return sum(metric.fit_score(X, mean) ** 2 for X in Xs)


def noisy_copies(rng, shape, n_networks=5, noise=0.3):
    """Return rotated copies of one network with noise."""
    X = rng.standard_normal(shape)
    rotations = np.linalg.qr(rng.standard_normal((n_networks, shape[1], shape[1])))[0]
    return [(X + noise * rng.standard_normal(shape)) @ Q for Q in rotations]


@pytest.mark.parametrize("shape", SHAPES)
def test_streaming_agrees_with_the_loop(rng, shape):
    Xs = noisy_copies(rng, shape)
    mean = frechet_mean(Xs, warmstart=Xs[2], tol=0, max_iter=6, method="streaming")
    np.testing.assert_allclose(mean, sweeps(Xs, Xs[2], 6, "streaming"), atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_networks", [3, 5, 13])
def test_full_batch_agrees_with_a_loop_of_turns(rng, shape, n_networks):
    """In the first sweeps; later ones are extrapolated."""
    Xs = noisy_copies(rng, shape, n_networks)
    without = 1.2 if n_networks >= 10 else 0.99
    for count in (1, 2, 3):
        mean = frechet_mean(Xs, warmstart=Xs[2], tol=0, max_iter=count, method="full_batch")
        np.testing.assert_allclose(mean, turns(Xs, Xs[2], count, without), atol=1e-9)


@pytest.mark.parametrize("n_networks", [1, 2, 3, 4, 12])
def test_turns_end_where_networks_share_nothing(rng, n_networks):
    """What the others do not tell is left alone: the mean comes to rest."""
    Xs = [np.zeros((3 * n_networks, 3)) for _ in range(n_networks)]
    for i, X in enumerate(Xs):
        X[3 * i : 3 * i + 3] = rng.standard_normal((3, 3))
    mean = frechet_mean(Xs, tol=1e-9, max_iter=50, random_state=0, method="full_batch")
    want = sum(np.sum(X**2) for X in Xs) / n_networks**2
    assert np.sum(mean**2) == pytest.approx(want)


@pytest.mark.parametrize("n_networks", [2, 3, 4, 9, 24])
@pytest.mark.parametrize("samples", [2, 7, 40, 400])
def test_turns_never_lose(rng, n_networks, samples):
    """Networks of unequal widths and of low rank, with little or much in common."""
    Xs = [rng.standard_normal((samples, 3 + i % 4)) for i in range(n_networks)]
    for X in Xs[1::3]:
        X[:, 1:] = X[:, :1]
    options = {"random_state": 0, "tol": 0, "method": "full_batch"}
    sizes = [np.sum(frechet_mean(Xs, max_iter=n, **options) ** 2) for n in range(1, 12)]
    assert np.all(np.diff(sizes) >= -1e-12 * sizes[-1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("copies", [True, False])
def test_full_batch_gains_on_the_loop(rng, shape, copies):
    """In as many sweeps, and none increases the objective under its alignments."""
    Xs = noisy_copies(rng, shape) if copies else list(rng.standard_normal((5, *shape)))
    start, options = Xs[0], {"warmstart": Xs[0], "method": "full_batch"}
    means = [frechet_mean(Xs, tol=0, max_iter=n, **options) for n in range(1, 16)]
    assert np.all(np.diff([np.sum(mean**2) for mean in means]) >= -1e-9)
    assert loss(Xs, means[14]) <= loss(Xs, sweeps(Xs, start, 15, "full_batch")) + 1e-9
    mean = frechet_mean(Xs, tol=1e-7, max_iter=500, **options)
    again = np.mean([X @ rotate(X, mean) for X in Xs], axis=0)
    np.testing.assert_allclose(again, mean, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_units_of_extrapolated_sweeps(rng, scale):
    Xs = list(rng.standard_normal((5, 20, 6)))
    start, options = Xs[0], {"tol": 0, "max_iter": 10, "method": "full_batch"}
    mean = frechet_mean(Xs, warmstart=start, **options)
    other = frechet_mean([X * scale for X in Xs], warmstart=start * scale, **options)
    np.testing.assert_allclose(other / scale, mean, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_agrees_with_netrep(method):
    # netrep 0186b8a, frechet_mean(Xs, warmstart=Xs[0].copy(), tol=0, max_iter=5); its
    # full batch overwrites the mean before it aligns, so the loss is bounded only.
    rs = np.random.RandomState(0)
    Xs = rs.randn(4, 20, 5)
    mean = frechet_mean(Xs, warmstart=Xs[0], tol=0, max_iter=5, method=method)
    if method == "streaming":
        assert np.linalg.norm(mean) == pytest.approx(6.939167975789887, abs=1e-9)
        assert np.trace(mean.T @ Xs[0]) == pytest.approx(58.24839989855643, abs=1e-9)
    assert loss(Xs, mean) < 199.75417659497327 + 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("group", ["orth", "perm", "identity"])
def test_groups(rng, method, group):
    Xs = list(rng.standard_normal((4, 15, 6)))
    count = 3 if (group, method) == ("orth", "full_batch") else 5
    mean = frechet_mean(Xs, group, warmstart=Xs[0], tol=0, max_iter=count, method=method)
    if count == 3:
        want = turns(Xs, Xs[0], count, 0.99)
    else:
        plain = "full_batch" if group == "identity" else method
        want = sweeps(Xs, Xs[0], count, plain, group)
    np.testing.assert_allclose(mean, want, atol=1e-10)


def test_full_batch_descends_to_a_stationary_point(rng):
    Xs = list(rng.standard_normal((5, 25, 6)))
    losses = []
    for n_sweeps in range(1, 8):
        mean = frechet_mean(Xs, warmstart=Xs[0], tol=0, max_iter=n_sweeps, method="full_batch")
        losses.append(loss(Xs, mean))
    assert np.all(np.diff(losses) <= 1e-10)
    mean = frechet_mean(Xs, random_state=0, tol=1e-10, max_iter=5000, method="full_batch")
    again = np.mean([X @ rotate(X, mean) for X in Xs], axis=0)
    np.testing.assert_allclose(again, mean, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_rotated_copies_have_their_own_shape_as_mean(rng, method):
    Xs = noisy_copies(rng, (30, 5), noise=0)
    mean = frechet_mean(Xs, random_state=3, method=method)
    np.testing.assert_allclose(mean @ mean.T, Xs[0] @ Xs[0].T, atol=1e-10)


@pytest.mark.parametrize("group", ["orth", "identity", "perm"])
def test_unequal_widths_are_padded(rng, group):
    Xs = [rng.standard_normal((20, n)) for n in (4, 7, 6)]
    padded = [np.pad(X, ((0, 0), (0, 7 - X.shape[1]))) for X in Xs]
    options = {"group": group, "tol": 0, "max_iter": 8, "method": "full_batch"}
    mean, aligned = frechet_mean(Xs, warmstart=Xs[1], return_aligned_Xs=True, **options)
    np.testing.assert_allclose(mean, frechet_mean(padded, warmstart=Xs[1], **options), atol=1e-10)
    for X, A in zip(Xs, aligned, strict=True):
        assert A.shape == (20, 7)
        np.testing.assert_allclose(A @ A.T, X @ X.T, atol=1e-10)


def test_a_narrow_start_does_not_lose_dimensions(rng):
    Xs = noisy_copies(rng, (30, 6))
    start = np.zeros((30, 6))
    start[:, :2] = rng.standard_normal((30, 2))
    mean, aligned = frechet_mean(Xs, warmstart=start, method="full_batch", return_aligned_Xs=True)
    assert np.linalg.matrix_rank(mean) == 6
    for X, A in zip(Xs, aligned, strict=True):
        np.testing.assert_allclose(A @ A.T, X @ X.T, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", SHAPES)
def test_n_jobs_does_not_matter(rng, method, shape):
    Xs = list(rng.standard_normal((7, *shape)))
    one, three = (
        frechet_mean(Xs, random_state=1, tol=0, max_iter=3, method=method, n_jobs=n) for n in (1, 3)
    )
    np.testing.assert_array_equal(one, three)


def test_random_state(rng):
    Xs = list(rng.standard_normal((9, 12, 4)))

    def run(seed):
        return frechet_mean(Xs, random_state=seed, tol=0, max_iter=1)

    np.testing.assert_array_equal(run(0), run(0))
    assert len({run(seed).tobytes() for seed in range(30)}) > 4
    np.testing.assert_array_equal(run(np.random.RandomState(0)), run(0))


def test_one_network_is_its_own_mean(rng):
    X = rng.standard_normal((10, 3))
    mean = frechet_mean([X])
    np.testing.assert_allclose(mean, X, atol=1e-12)
    assert not np.shares_memory(mean, X)


def test_nothing_is_written_to_the_caller(rng):
    Xs = list(rng.standard_normal((3, 20, 4)))
    start = rng.standard_normal((20, 4))
    before = [X.copy() for X in (*Xs, start)]
    for X in (*Xs, start):
        X.flags.writeable = False
    for method in METHODS:
        mean = frechet_mean(Xs, warmstart=start, method=method, tol=1)
    euclidean_tangent_space(Xs, mean)
    for X, copy in zip((*Xs, start), before, strict=True):
        np.testing.assert_array_equal(X, copy)


def test_aligned_networks(rng):
    Xs = list(rng.standard_normal((4, 20, 5)))
    mean, aligned = frechet_mean(
        Xs, tol=1e-9, max_iter=5000, method="full_batch", return_aligned_Xs=True
    )
    assert isinstance(aligned, list)
    np.testing.assert_allclose(np.mean(aligned, axis=0), mean, atol=1e-6)
    for X, A in zip(Xs, aligned, strict=True):
        np.testing.assert_allclose(A, X @ rotate(X, mean), atol=1e-9)


def test_convergence_warning_says_what_to_do(rng):
    Xs = list(rng.standard_normal((4, 20, 5)))
    with pytest.warns(ConvergenceWarning, match=r"increase max_iter or tol$") as record:
        frechet_mean(Xs, tol=1e-12, max_iter=2)
    assert record[0].filename == __file__
    with pytest.warns(ConvergenceWarning, match="sweep 1 still"):
        procrustes_average(Xs, tol=1e-12, max_iter=1)


def test_procrustes_average_is_the_default(rng):
    Xs = [rng.standard_normal((20, n)) for n in (3, 5)]
    np.testing.assert_array_equal(
        procrustes_average(Xs, max_iter=100, tol=1e-4, random_state=2),
        frechet_mean(Xs, max_iter=100, tol=1e-4, random_state=2),
    )


def test_verbose_draws_a_bar(rng, capsys):
    frechet_mean(list(rng.standard_normal((3, 10, 2))), verbose=True)
    assert "Averaging networks" in capsys.readouterr().err
    frechet_mean(list(rng.standard_normal((3, 10, 2))))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("group", ["orth", "identity", "perm"])
def test_tangent_space(rng, group):
    Xs = list(rng.standard_normal((3, 20, 5)))
    Xbar = rng.standard_normal((20, 5))
    residuals = euclidean_tangent_space(Xs, Xbar, group=group)
    want = [Xbar - X @ ALIGN[group](X, Xbar) for X in Xs]
    np.testing.assert_allclose(residuals, want, atol=1e-10)


def test_tangent_space_takes_a_wider_reference(rng):
    Xs = [rng.standard_normal((20, n)) for n in (3, 5)]
    Xbar = rng.standard_normal((20, 6))
    residuals = euclidean_tangent_space(Xs, Xbar)
    assert residuals.shape == (2, 20, 6)
    metric = LinearMetric(center_columns=False, score_method="euclidean")
    distances = [metric.fit_score(X, Xbar) for X in Xs]
    np.testing.assert_allclose(np.linalg.norm(residuals, axis=(1, 2)), distances)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Xs": []}, "at least one network"),
        ({"Xs": [np.ones((4, 2)), np.full((4, 2), np.nan)]}, r"Xs\[1\] contains NaN"),
        ({"Xs": [np.ones((4, 2)), np.ones((5, 2))]}, r"Xs\[1\] 5"),
        (
            {"Xs": {"V1": np.ones((4, 2)), "V2": np.ones((5, 2))}},
            r"Xs\['V1'\] has 4 samples and Xs\['V2'\] 5",
        ),
        ({"Xs": [np.ones(4)]}, r"Xs\[0\] must have 2 dimensions"),
        ({"max_iter": 0}, "max_iter must be at least 1"),
        ({"tol": -1.0}, "tol must be in"),
        ({"tol": float("nan")}, "tol must be in"),
        ({"group": "roll"}, "group"),
        ({"method": "batch"}, "method"),
        ({"warmstart": np.ones((4, 3))}, r"warmstart must have shape \(4, 2\)"),
        ({"warmstart": np.ones((3, 2))}, r"warmstart must have shape \(4, 2\)"),
        ({"warmstart": np.full((4, 2), np.inf)}, "warmstart"),
    ],
)
def test_bad_input(rng, change, message):
    options = {"Xs": list(rng.standard_normal((3, 4, 2)))} | change
    with pytest.raises(ValueError, match=message):
        frechet_mean(**options)


def test_bad_tangent_input(rng):
    Xs = list(rng.standard_normal((3, 4, 2)))
    with pytest.raises(ValueError, match=r"Xbar must have shape \(4, 2\) or wider"):
        euclidean_tangent_space(Xs, np.ones((4, 1)))
    with pytest.raises(ValueError, match="group"):
        euclidean_tangent_space(Xs, Xs[0], group="all")


@pytest.mark.parametrize(("group", "n"), [("orth", 9), ("perm", 6), ("identity", 3)])
def test_progress_of_alignments(rng, capsys, group, n):
    Xs = list(rng.standard_normal((3, 4, 2)))
    quiet = euclidean_tangent_space(Xs, Xs[0], group)
    assert capsys.readouterr().err == ""
    found = euclidean_tangent_space(Xs, Xs[0], group, verbose=True)
    np.testing.assert_array_equal(found, quiet)
    last = capsys.readouterr().err.split("\r")[-1]
    assert "Aligning networks: 100%" in last
    assert f"{n}/{n}" in last
