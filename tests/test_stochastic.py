"""The metrics between stochastic networks, against netrep, NumPy and what is known of them."""

import _thread
import json
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from golden.make_netrep_stochastic import gaussian, gaussian_pair, process_pair, repeated_pair
from scipy.linalg import orthogonal_procrustes, sqrtm
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from threadpoolctl import threadpool_limits

from netrep_go.metrics import (
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    GPStochasticMetric,
    LinearMetric,
)
from netrep_go.multiset import cross_distances, pairwise_distances

GOLDEN = json.loads(
    Path(__file__).with_name("golden").joinpath("netrep_stochastic.json").read_text()
)
OPTIONS = ("alpha", "group", "init", "n_restarts", "random_state", "n_dims")


def options(case):
    return {name: case[name] for name in OPTIONS if name in case}


def name_of(case):
    return f"{case['seed']}-{case.get('group', 'rand')}-{case.get('alpha', '')}"


def orthogonal(rs, n):
    return np.linalg.qr(rs.randn(n, n))[0]


def rotated(x, Q):
    return x[0] @ Q, Q.T @ x[1] @ Q


def squared_bures(A, B):
    """The formula as it stands, for matrices that are not singular."""
    root = sqrtm(A)
    return np.trace(A) + np.trace(B) - 2 * np.trace(sqrtm(root @ B @ root)).real


def objective(x, y, alpha):
    means = np.sum((x[0] - y[0]) ** 2, axis=1)
    covs = [squared_bures(a, b) for a, b in zip(x[1], y[1], strict=True)]
    return np.sqrt(np.mean(alpha * means + (2 - alpha) * np.array(covs)))


def is_of_group(T, group):
    n = len(T)
    np.testing.assert_allclose(T.T @ T, np.eye(n), atol=1e-12)
    if group == "perm":
        assert set(np.unique(T)) == {0.0, 1.0}
    if group == "identity":
        np.testing.assert_array_equal(T, np.eye(n))


class TestAgainstNetrep:
    """At alpha 0, 1 and 2 netrep's fit minimizes what its score measures."""

    @pytest.mark.parametrize("case", GOLDEN["gaussian"], ids=name_of)
    def test_gaussian(self, case):
        x, y, x_test, y_test = gaussian_pair(case["seed"])
        metric = GaussianStochasticMetric(**options(case)).fit(x, y)
        is_of_group(metric.T, metric.group)
        if case["alpha"] in (0, 1, 2):
            assert metric.score(x, y) == pytest.approx(case["train"], rel=1e-6)
            assert metric.score(x_test, y_test) == pytest.approx(case["test"], rel=1e-4)
        else:
            assert metric.score(x, y) <= case["train"] * (1 + 1e-12)
        if case["alpha"] == 1:
            # netrep's is that of the last start, and of rotations that have come less far
            rel = 1e-12 if metric.group != "orth" else 1e-6
            assert metric.loss_hist[-1] == pytest.approx(case["loss"], rel=rel)
            assert metric.loss_hist[-1] <= case["loss"] * (1 + 1e-12)
        metric.T = np.array(case["T"])
        assert metric.score(x, y) == pytest.approx(case["train"], rel=1e-12)
        assert metric.score(x_test, y_test) == pytest.approx(case["test"], rel=1e-12)

    @pytest.mark.parametrize("case", GOLDEN["process"], ids=name_of)
    def test_process(self, case):
        x, y = process_pair(case["seed"])
        metric = GPStochasticMetric(**options(case)).fit(x, y)
        is_of_group(metric.T, metric.group)
        if case["alpha"] in (0, 1, 2):
            assert metric.score(x, y) == pytest.approx(case["train"], rel=1e-6)
        metric.T = np.array(case["T"])
        assert metric.score(x, y) == pytest.approx(case["train"], rel=1e-12)

    @pytest.mark.parametrize("case", GOLDEN["energy"], ids=name_of)
    def test_energy(self, case):
        x, y, x_test, y_test = repeated_pair(case["seed"])
        metric = EnergyStochasticMetric(group=case["group"]).fit(x, y)
        if case["group"] == "orth":  # netrep takes more reweightings and does not come as far
            np.testing.assert_allclose(metric.loss_hist[:2], case["loss_hist"][:2], rtol=1e-12)
            assert metric.n_iter_ < len(case["loss_hist"]) - 1
            end = case["loss_hist"][-1]
            assert end * (1 - 1e-6) < metric.loss_hist[-1] <= end * (1 + 1e-12)
            np.testing.assert_allclose(metric.Q, case["Q"], atol=2e-3)
        else:
            np.testing.assert_allclose(metric.loss_hist, case["loss_hist"], rtol=1e-12)
            np.testing.assert_allclose(metric.Q, case["Q"], atol=1e-10)
            np.testing.assert_allclose(metric.w, case["w"], rtol=1e-9)
        metric.Q = np.array(case["Q"])
        assert metric.score(x, y) == pytest.approx(case["train"], rel=1e-11)
        assert metric.score(x_test, y_test) == pytest.approx(case["test"], rel=1e-9)

    def test_pairwise_distances(self):
        networks = [pair for seed in range(2) for pair in gaussian_pair(seed)[:2]]
        test = [pair for seed in range(2) for pair in gaussian_pair(seed)[2:]]
        metric = GaussianStochasticMetric()
        distances = metric.pairwise_distances(networks, test, eps=0.01, verbose=False)
        np.testing.assert_allclose(distances[0], GOLDEN["cohort"][0], rtol=1e-7)
        assert np.all(distances[0] <= np.array(GOLDEN["cohort"][0]) * (1 + 1e-12))
        # that of netrep's alignments, which settle at losses that are 1e-8 higher
        np.testing.assert_allclose(distances[1], GOLDEN["cohort"][1], rtol=1e-4)


class TestGaussian:
    @pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0])
    def test_score_is_the_formula(self, alpha):
        x, y, *_ = gaussian_pair(0)
        metric = GaussianStochasticMetric(alpha=alpha).fit(x, y)
        assert metric.score(x, y) == pytest.approx(
            objective(*metric.transform(x, y), alpha), rel=1e-9
        )
        assert metric.fit_score(x, y) == metric.score(x, y)

    def test_means_only_is_procrustes(self):
        """Also with identity covariances, which no rotation changes."""
        rs = np.random.RandomState(0)
        x, y = rs.randn(20, 5), rs.randn(20, 5)
        covs = np.broadcast_to(np.eye(5), (20, 5, 5))
        distance = np.linalg.norm(x - y @ orthogonal_procrustes(y, x)[0]) / np.sqrt(20)
        for alpha in (1.0, 2.0):
            metric = GaussianStochasticMetric(alpha=alpha)
            assert metric.fit_score((x, covs), (y, covs)) == pytest.approx(
                np.sqrt(alpha) * distance
            )
        linear = LinearMetric(center_columns=False, score_method="euclidean")
        assert distance == pytest.approx(linear.fit_score(x, y) / np.sqrt(20))

    def test_covariances_that_commute(self):
        """B^2 is the squared distance of the standard deviations on common axes."""
        rs = np.random.RandomState(0)
        axes, means = orthogonal(rs, 4), np.zeros((6, 4))
        a, b = rs.rand(6, 4), rs.rand(6, 4)
        covs = [(axes * v[:, None] ** 2) @ axes.T for v in (a, b)]
        metric = GaussianStochasticMetric(group="identity", alpha=0)
        distance = metric.fit_score((means, covs[0]), (means, covs[1]))
        assert distance == pytest.approx(np.sqrt(2 * np.mean(np.sum((a - b) ** 2, axis=1))))

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
    def test_rotations_do_not_count(self, seed, alpha):
        rs = np.random.RandomState(seed)
        x, Q = gaussian(rs, 10, 4), orthogonal(rs, 4)
        metric = GaussianStochasticMetric(
            alpha=alpha, n_restarts=4 if alpha == 0 else 1, random_state=0
        )
        assert metric.fit_score(x, rotated(x, Q)) < 1e-6
        np.testing.assert_allclose(metric.T, Q.T, atol=1e-5)

    def test_rotations_of_covariances_alone(self):
        rs = np.random.RandomState(0)
        (means, covs), Q = gaussian(rs, 10, 4), orthogonal(rs, 4)
        x = 0 * means, covs
        metric = GaussianStochasticMetric(n_restarts=10, random_state=0)
        assert metric.fit_score(x, rotated(x, Q)) < 1e-6

    def test_permutations_do_not_count(self):
        x = gaussian(np.random.RandomState(0), 10, 4)
        P = np.eye(4)[[2, 0, 3, 1]]
        metric = GaussianStochasticMetric(group="perm")
        assert metric.fit_score(x, rotated(x, P)) == pytest.approx(0, abs=1e-10)
        np.testing.assert_array_equal(metric.T, P.T)

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_lower_bound(self, seed):
        """d^2 is concave in alpha, because it is a minimum of functions that are linear."""
        rs = np.random.RandomState(seed)
        axes = [orthogonal(rs, 4) for _ in range(20)]
        x = rs.randn(10, 4), np.array([u * np.logspace(-2, 2, 4) @ u.T for u in axes[:10]])
        y = rs.randn(10, 4), np.array([u * np.logspace(0, 1, 4) @ u.T for u in axes[10:]])
        alphas = np.linspace(0, 2, 6)
        distances = np.array(
            [
                GaussianStochasticMetric(a, n_restarts=8, random_state=0, tol=1e-6).fit_score(x, y)
                for a in alphas
            ]
        )
        bound = np.sqrt((1 - alphas / 2) * distances[0] ** 2 + alphas / 2 * distances[-1] ** 2)
        assert np.all(distances > bound - 1e-6)

    def test_triangle_inequality(self):
        """Claimed of exact minima: none is searched for under the identity."""
        networks = [gaussian(np.random.RandomState(k), 6, 3) for k in range(6)]
        for alpha in (0.0, 0.7, 1.0, 2.0):
            metric = GaussianStochasticMetric(alpha=alpha, group="identity")
            D, _ = metric.pairwise_distances(networks, verbose=False)
            assert np.all(D[:, :, None] <= D[:, None] + D[None] + 1e-12)

    @pytest.mark.parametrize("alpha", [0.3, 1.0, 1.6])
    @pytest.mark.parametrize("group", ["orth", "perm"])
    def test_loss_decreases_to_the_score(self, alpha, group):
        x, y, *_ = gaussian_pair(1)
        metric = GaussianStochasticMetric(alpha, group).fit(x, y)
        assert np.all(np.diff(metric.loss_hist) < 1e-12)
        assert metric.converged_
        assert metric.n_iter_ == len(metric.loss_hist)
        assert metric.score(x, y) == pytest.approx(metric.loss_hist[-1] / np.sqrt(12), rel=1e-8)

    def test_more_starts_are_no_worse(self):
        x, y, *_ = gaussian_pair(2)
        losses = [
            GaussianStochasticMetric(0.2, random_state=0, n_restarts=k).fit(x, y).loss_hist[-1]
            for k in (1, 4, 16)
        ]
        assert losses == sorted(losses, reverse=True)
        assert losses[0] - losses[2] > 0.01

    def test_singular_covariances(self):
        """Fewer repeats than neurons, where netrep's square root is NaN (its issue #15)."""
        rs = np.random.RandomState(0)
        responses = rs.randn(20, 4, 10)
        means = responses.mean(axis=1)
        covs = np.array([np.cov(r.T) for r in responses])
        Q = orthogonal(rs, 10)
        assert np.linalg.eigvalsh(covs).min() < 0
        metric = GaussianStochasticMetric()
        assert metric.fit_score((means, covs), rotated((means, covs), Q)) < 1e-6
        y = gaussian(rs, 20, 10)
        swapped = metric.fit_score(y, (means, covs))
        assert metric.fit_score((means, covs), y) == pytest.approx(swapped, rel=1e-6)
        ridged = (means, covs + 1e-9 * np.eye(10)), y
        expected = objective(*metric.transform(*ridged), 1.0)
        assert metric.score((means, covs), y) == pytest.approx(expected, rel=1e-4)

    def test_point_masses(self):
        rs = np.random.RandomState(0)
        x, y, none = rs.randn(9, 3), rs.randn(9, 3), np.zeros((9, 3, 3))
        metric = GaussianStochasticMetric()
        means = GaussianStochasticMetric(alpha=2).fit_score((x, none), (y, none))
        assert metric.fit_score((x, none), (y, none)) == pytest.approx(means / np.sqrt(2))

    def test_one_input_and_one_neuron(self):
        x, y = (np.array([[1.0]]), np.array([[[4.0]]])), (np.array([[-1.5]]), np.array([[[1.0]]]))
        for init in ("means", "rand"):
            metric = GaussianStochasticMetric(init=init, n_restarts=5, random_state=1)
            assert metric.fit_score(x, y) == pytest.approx(np.sqrt(0.5**2 + 1))

    def test_tiny_asymmetry_is_rounding(self):
        x, y, *_ = gaussian_pair(0)
        skewed = x[0], x[1] + 1e-9 * np.triu(np.ones((4, 4)), 1)
        metric = GaussianStochasticMetric()
        assert metric.fit_score(skewed, y) == pytest.approx(metric.fit_score(x, y), rel=1e-7)

    @pytest.mark.parametrize("start", ["orth", "perm"])
    def test_random_starts_are_of_the_group(self, start):
        """One iteration of a random start in a problem that fixes T at the start."""
        x, y, *_ = gaussian_pair(0)
        metric = GaussianStochasticMetric(group=start, init="rand", random_state=0)
        starts = metric._starts(4)["starts"]
        is_of_group(starts[0], start)
        assert metric.fit(x, y).converged_


def polar(C):
    u, _, vt = np.linalg.svd(C)
    return u @ vt


def plain_energy(X, Y, tol):
    """Reweight as netrep does: the end and the number of reweightings."""
    T, least, count = np.eye(X.shape[2]), np.inf, 0
    weights = np.ones((len(X), X.shape[1], X.shape[1]))
    while True:
        T = polar(np.einsum("iab,ibp,iaq->pq", weights, Y, X))
        lengths = np.linalg.norm(X[:, :, None] - (Y @ T)[:, None], axis=3)
        weights, count = 1 / np.maximum(lengths, 1e-12), count + 1
        least, gain = lengths.mean(), least - lengths.mean()
        if gain < tol:
            return least, count


class TestFewerAlternations:
    """Steps of the quasi-Newton method; core/metrics counts those of the Gaussian metric."""

    @pytest.mark.parametrize("tol", [1e-6, 1e-10])
    @pytest.mark.parametrize("shape", [(20, 1, 10), (12, 6, 4), (8, 20, 12)])
    def test_energy(self, shape, tol):
        rs, (m, r, n) = np.random.RandomState(0), shape
        X, Y = (rs.randn(m, 1, n) + 0.5 * rs.randn(m, r, n) for _ in range(2))
        least, count = plain_energy(X, Y, tol)
        metric = EnergyStochasticMetric(niter=1000, tol=tol).fit(X, Y)
        assert metric.converged_
        assert metric.n_iter_ <= (count if count < 50 else count / 2)
        several_ends = m < n  # that are near each other, and not of the same loss
        assert metric.loss_hist[-1] < least + (1e-4 * least if several_ends else tol)
        lengths = np.linalg.norm(X[:, :, None] - (Y @ metric.Q)[:, None], axis=3)
        assert metric.loss_hist[-1] == pytest.approx(lengths.mean(), rel=1e-12)
        np.testing.assert_allclose(metric.w, lengths.ravel() ** -0.5, rtol=1e-9)

    @pytest.mark.parametrize("niter", [2, 3, 5, 8])
    def test_the_weights_are_those_of_the_end(self, niter):
        """Whenever the iteration is cut off, and whatever it takes back."""
        for seed in range(5):
            rs = np.random.RandomState(seed)
            X, Y = rs.randn(2, 6, 3, 5)
            Y[0] = -30 * X[0]
            metric = EnergyStochasticMetric(niter=niter, tol=-np.inf)
            with pytest.warns(ConvergenceWarning):
                metric.fit(X, Y)
            assert metric.n_iter_ == niter
            lengths = np.linalg.norm(X[:, :, None] - (Y @ metric.Q)[:, None], axis=3)
            assert metric.loss_hist[-1] == pytest.approx(lengths.mean(), rel=1e-12)
            np.testing.assert_allclose(metric.w, lengths.ravel() ** -0.5, rtol=1e-9)

    @pytest.mark.parametrize("scale", [2.0**-230, 2.0**230])
    def test_units_do_not_matter(self, scale):
        """A power of two changes no digit, but for the unit of tol, a power of ten."""
        x, y, *_ = gaussian_pair(1)
        options = {"niter": 12, "tol": -np.inf}
        scaled = [(z[0] * scale, z[1] * scale**2) for z in (x, y)]
        plain, other = (GaussianStochasticMetric(0.4, **options) for _ in range(2))
        with pytest.warns(ConvergenceWarning):
            plain.fit(x, y)
        with pytest.warns(ConvergenceWarning):
            other.fit(*scaled)
        np.testing.assert_allclose(np.array(other.loss_hist) / scale, plain.loss_hist, rtol=1e-9)
        np.testing.assert_allclose(other.T, plain.T, atol=1e-6)

    def test_more_neurons_than_responses(self):
        """Directions that no response says how to turn do not disturb the rest."""
        rs = np.random.RandomState(0)
        X, Y = (rs.randn(5, 1, 30) + 0.5 * rs.randn(5, 4, 30) for _ in range(2))
        metric = EnergyStochasticMetric(tol=1e-10).fit(X, Y)
        assert metric.n_iter_ <= 25
        is_of_group(metric.Q, "orth")
        x, y = (
            (rs.randn(4, 20), roots @ roots.swapaxes(1, 2) / 20) for roots in rs.randn(2, 4, 20, 3)
        )
        metric = GaussianStochasticMetric(niter=200).fit(x, y)
        assert metric.converged_
        assert metric.n_iter_ < 80
        is_of_group(metric.T, "orth")


class TestProcess:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_rotation_of_the_neurons(self, seed):
        """It does not count, while rotations that mix times do."""
        rs = np.random.RandomState(seed)
        times = np.linspace(0, 1, 6)
        kernel = np.exp(-((times[:, None] - times) ** 2) / 2) + 1e-6 * np.eye(6)
        samples = np.einsum("ts,ksn->ktn", np.linalg.cholesky(kernel), rs.randn(100, 6, 4))
        samples = samples.reshape(100, 24) @ np.kron(np.eye(6), rs.randn(4, 4))
        x = samples.mean(axis=0), np.cov(samples.T)
        Q = np.kron(np.eye(6), orthogonal(rs, 4))
        y = x[0] @ Q, Q.T @ x[1] @ Q
        metric = GPStochasticMetric(n_dims=4)
        assert metric.fit_score(x, y) < 1e-6
        np.testing.assert_allclose(metric.T, Q[:4, :4].T, atol=1e-4)
        blocks = [slice(4 * t, 4 * t + 4) for t in range(6)]
        marginals = [(z[0].reshape(6, 4), np.array([z[1][b, b] for b in blocks])) for z in (x, y)]
        assert GaussianStochasticMetric().fit_score(*marginals) < 1e-6
        mixed = x[0] @ orthogonal(rs, 24), x[1]
        assert metric.fit_score(x, mixed) > 1e-3

    def test_one_time_is_the_gaussian_metric(self):
        x, y = (gaussian(np.random.RandomState(k), 1, 5) for k in range(2))
        process = GPStochasticMetric(n_dims=5).fit((x[0][0], x[1][0]), (y[0][0], y[1][0]))
        still = GaussianStochasticMetric().fit(x, y)
        np.testing.assert_array_equal(process.T, still.T)
        aligned = process.transform((x[0][0], x[1][0]), (y[0][0], y[1][0]))[1]
        np.testing.assert_allclose(aligned[1], still.transform(x, y)[1][1][0])

    def test_score_is_the_formula(self):
        x, y = process_pair(0)
        metric = GPStochasticMetric(n_dims=4, alpha=0.6).fit(x, y)
        x, y = ((z[0][None], z[1][None]) for z in metric.transform(x, y))
        x_, y_ = process_pair(0)
        assert metric.score(x_, y_) == pytest.approx(objective(x, y, 0.6), rel=1e-9)

    def test_dimensions(self):
        x, y = process_pair(0)
        with pytest.raises(ValueError, match=r"X\[0\] must have a multiple of n_dims=3"):
            GPStochasticMetric(n_dims=3).fit(x, y)
        with pytest.raises(TypeError, match="n_dims must be an integer"):
            GPStochasticMetric(n_dims=2.5)


class TestEnergy:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_rotation(self, seed):
        rs = np.random.RandomState(seed)
        X, Q = rs.randn(8, 5, 4), orthogonal(rs, 4)
        metric = EnergyStochasticMetric(niter=500, tol=1e-9).fit(X, X @ Q)
        d_xy, d_xx, d_yy = energy_terms(*metric.transform(X, X @ Q))
        assert metric.score(X, X @ Q) == pytest.approx(np.sqrt(max(0, d_xy - (d_xx + d_yy) / 2)))

    def test_score_is_the_formula(self):
        x, y, *_ = repeated_pair(0)
        metric = EnergyStochasticMetric().fit(x, y)
        d_xy, d_xx, d_yy = energy_terms(*metric.transform(x, y))
        assert metric.score(x, y) == pytest.approx(np.sqrt(d_xy - (d_xx + d_yy) / 2), rel=1e-10)
        assert metric.loss_hist[-1] == pytest.approx(d_xy, rel=1e-12)
        assert metric.loss_hist[0] == pytest.approx(energy_terms(x, y)[0], rel=1e-12)

    def test_point_masses(self):
        """Repeats that do not differ leave the mean distance of the points."""
        rs = np.random.RandomState(0)
        x, y = rs.randn(7, 1, 3), rs.randn(7, 1, 3)
        X, Y = np.repeat(x, 4, axis=1), np.repeat(y, 4, axis=1)
        metric = EnergyStochasticMetric(group="identity")
        expected = np.sqrt(np.linalg.norm(x - y, axis=2).mean())
        assert metric.fit_score(X, Y) == pytest.approx(expected, rel=1e-12)
        assert EnergyStochasticMetric(niter=1000).fit_score(X, X @ orthogonal(rs, 3)) < 1e-6

    def test_coinciding_points_have_bounded_weights(self):
        X = np.random.RandomState(0).randn(5, 3, 2)
        metric = EnergyStochasticMetric(group="identity").fit(X, X)
        weights = metric.w.reshape(5, 3, 3)
        np.testing.assert_array_equal(weights[:, range(3), range(3)], 1e6)
        pairs = np.linalg.norm(X[:, :, None] - X[:, None], axis=3)
        off = ~np.eye(3, dtype=bool)
        np.testing.assert_allclose(weights[:, off], pairs[:, off] ** -0.5)

    def test_the_first_step_need_not_gain(self):
        """An outlier spoils the least-squares start; netrep stops there."""
        rs = np.random.RandomState(0)
        X = rs.randn(20, 2, 3)
        Y = X + 0.01 * rs.randn(20, 2, 3)
        Y[0] = -100 * X[0]
        metric = EnergyStochasticMetric(niter=1000, tol=1e-9).fit(X, Y)
        assert metric.loss_hist[1] > metric.loss_hist[0]
        assert metric.loss_hist[-1] <= metric.loss_hist[0]
        assert np.all(np.diff(metric.loss_hist[1:]) < 1e-9)

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_loss_decreases(self, seed):
        rs = np.random.RandomState(seed)
        means = rs.randn(4, 1, 4)
        X = means + 0.1 * rs.randn(4, 50, 4)
        Y = means @ orthogonal(rs, 4) + 0.1 * rs.randn(4, 50, 4)
        metric = EnergyStochasticMetric().fit(X, Y)
        assert metric.converged_
        assert np.all(np.diff(metric.loss_hist) <= 1e-12)
        assert metric.n_iter_ == len(metric.loss_hist) - 1
        assert metric.score(X, Y) < 0.1

    def test_permutations_do_not_count(self):
        X = np.random.RandomState(0).randn(9, 5, 6)
        order = [3, 5, 0, 1, 4, 2]
        metric = EnergyStochasticMetric(group="perm").fit(X, X[:, :, order])
        np.testing.assert_array_equal(metric.transform(X, X[:, :, order])[1], X)

    def test_one_repeat_has_no_spread(self):
        X = np.random.RandomState(0).randn(9, 1, 4)
        metric = EnergyStochasticMetric().fit(X, -X)
        np.testing.assert_allclose(metric.Q, -np.eye(4), atol=1e-12)
        with pytest.raises(ValueError, match="at least two repeats"):
            metric.score(X, -X)
        with pytest.raises(ValueError, match="at least two repeats"):
            metric.pairwise_distances([X, X], verbose=False)

    @pytest.mark.parametrize("shape", [(4, 3, 5), (4, 2, 6), (3, 2, 5)])
    def test_shapes_must_match(self, shape):
        X, Y = np.ones((4, 2, 5)), np.ones(shape)
        with pytest.raises(ValueError, match="Expected arrays with equal dimensions"):
            EnergyStochasticMetric().fit(X, Y)
        with pytest.raises(ValueError, match=r"train_data\[1\] must have the shape of"):
            EnergyStochasticMetric().pairwise_distances([X, Y], verbose=False)

    def test_width_of_held_out_data(self):
        X = np.random.RandomState(0).randn(4, 2, 5)
        metric = EnergyStochasticMetric(group="identity").fit(X, X)
        with pytest.raises(ValueError, match="must have 5 neurons"):
            metric.score(X[:, :, :4], X[:, :, :4])
        with pytest.raises(ValueError, match=r"train_data\[0\] has 5 neurons and test_data\[0\]"):
            metric.pairwise_distances([X, X], [X[..., :4]] * 2, verbose=False)


def energy_terms(X, Y):
    """Return the mean distances by the definition, pair by pair."""

    def mean(a, b, weights):
        return np.average(
            np.linalg.norm(a[:, :, None] - b[:, None], axis=3).mean(axis=0), weights=weights
        )

    r = X.shape[1]
    upper = np.triu(np.ones((r, r)), 1)
    return mean(X, Y, np.ones((r, r))), mean(X, X, upper), mean(Y, Y, upper)


METRICS = [
    (GaussianStochasticMetric(n_restarts=2, random_state=0), gaussian_pair),
    (GPStochasticMetric(n_dims=4, niter=3000), lambda seed: process_pair(seed) * 2),
    (EnergyStochasticMetric(), repeated_pair),
]


@pytest.mark.parametrize(("metric", "pair"), METRICS, ids=lambda v: type(v).__name__)
class TestEveryMetric:
    def cohort(self, pair):
        pairs = [pair(seed) for seed in range(2)]
        return [x for p in pairs for x in p[:2]], [x for p in pairs for x in p[2:]]

    def test_both_forms_of_all_pairs(self, metric, pair):
        """They are what single fits give, up to eps and the order of sums."""
        train, test = self.cohort(pair)
        method = metric.pairwise_distances(train, test, verbose=False)
        function = pairwise_distances(metric, train, test, verbose=False)
        cross = cross_distances(metric, train[:1], train[1:], test[:1], test[1:], verbose=False)
        for a, b, c in zip(method, function, cross, strict=True):
            np.testing.assert_array_equal(np.diag(a), 0)
            np.testing.assert_array_equal(a, a.T)
            np.testing.assert_allclose(a, b, rtol=1e-3)
            np.testing.assert_array_equal(b[:1, 1:], c)
        assert not hasattr(metric, "n_iter_")
        fitted = clone(metric).fit(train[0], train[3])
        assert function[0][0, 3] == pytest.approx(fitted.score(train[0], train[3]), rel=1e-9)
        assert function[1][0, 3] == pytest.approx(fitted.score(test[0], test[3]), rel=1e-7)

    def test_without_test_data(self, metric, pair):
        train, _ = self.cohort(pair)
        D, D_test = metric.pairwise_distances(train, verbose=False)
        assert np.all(np.isinf(D_test) | np.eye(4, dtype=bool))
        np.testing.assert_array_equal(np.diag(D_test), 0)
        np.testing.assert_allclose(pairwise_distances(metric, train, verbose=False), D, rtol=1e-3)

    def test_n_jobs_does_not_matter(self, metric, pair):
        train, test = self.cohort(pair)
        one, two = (
            pairwise_distances(metric, train, test, verbose=False, n_jobs=n) for n in (1, 2)
        )
        np.testing.assert_array_equal(one, two)
        with threadpool_limits(1):
            alone = clone(metric).fit(*train[:2])
        with threadpool_limits(2):
            together = clone(metric).fit(*train[:2])
        assert alone.loss_hist == together.loss_hist
        assert alone.score(*train[:2]) == together.score(*train[:2])

    def test_estimator(self, metric, pair):
        x, y, *_ = pair(0)
        for copy in (clone(metric), pickle.loads(pickle.dumps(metric))):
            assert copy.get_params() == metric.get_params()
        fitted = clone(metric).fit(x, y)
        restored = pickle.loads(pickle.dumps(fitted))
        assert restored.score(x, y) == fitted.score(x, y)
        assert restored.loss_hist == fitted.loss_hist
        assert clone(metric).set_params(niter=7).niter == 7
        first, second = fitted.fit_transform(x, y), fitted.transform(x, y)
        np.testing.assert_array_equal(first[1][0], second[1][0])

    def test_not_fitted(self, metric, pair):
        x, y, *_ = pair(0)
        with pytest.raises(NotFittedError):
            metric.transform(x, y)
        with pytest.raises(AttributeError):  # netrep's class
            metric.score(x, y)

    def test_not_converged(self, metric, pair):
        train, _ = self.cohort(pair)
        hasty = clone(metric).set_params(niter=1)
        with pytest.warns(ConvergenceWarning, match="niter=1 iterations: increase niter or tol"):
            hasty.fit(*train[:2])
        assert not hasty.converged_
        assert hasty.n_iter_ == 1
        with pytest.warns(ConvergenceWarning, match="6 fits did not converge"):
            hasty.pairwise_distances(train, verbose=False)

    def test_inputs_are_read_only(self, metric, pair):
        frozen = []
        for x in pair(0):
            for a in x if isinstance(x, tuple) else (x,):
                a.flags.writeable = False
            frozen.append(x)
        clone(metric).fit_score(*frozen[:2])
        pairwise_distances(metric, frozen[:2], verbose=False)

    def test_float32_products_are_not_offered(self, metric, pair):
        with pytest.raises(ValueError, match="float64 only"):
            pairwise_distances(metric, list(pair(0))[:2], verbose=False, dtype=np.float32)

    def test_parameters_are_checked_again(self, metric, pair):
        x, y, *_ = pair(0)
        for name, value in {"group": "roll", "niter": 0, "tol": np.nan}.items():
            with pytest.raises(ValueError, match=name):
                type(metric)(**(metric.get_params() | {name: value}))
            with pytest.raises(ValueError, match=name):
                clone(metric).set_params(**{name: value}).fit(x, y)

    def test_nan(self, metric, pair):
        x, y, *_ = pair(0)
        part = y if isinstance(y, np.ndarray) else y[1]
        part[..., 1, 1] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            clone(metric).fit(x, y)
        with pytest.raises(ValueError, match=r"traindata\[1\]"):
            pairwise_distances(metric, [x, y], verbose=False)

    def test_single_network(self, metric, pair):
        x, *_ = pair(0)
        np.testing.assert_array_equal(pairwise_distances(metric, [x], verbose=False), [[0]])


class TestBadGaussians:
    def test_parameters(self):
        with pytest.raises(ValueError, match=r"alpha must be in \[0, 2\], got 2.5"):
            GaussianStochasticMetric(alpha=2.5)
        with pytest.raises(ValueError, match="init"):
            GaussianStochasticMetric(init="zeros")
        with pytest.raises(ValueError, match="n_restarts must be at least 1"):
            GaussianStochasticMetric(n_restarts=0)
        x, y, *_ = gaussian_pair(0)
        with pytest.raises(ValueError, match="eps"):
            GaussianStochasticMetric().pairwise_distances([x, y], eps=-1.0, verbose=False)

    def test_negative_covariance(self):
        x, y, *_ = gaussian_pair(0)
        y[1][3] -= 2 * np.diag([0, 0, 5.0, 0])
        metric = GaussianStochasticMetric()
        with pytest.raises(ValueError, match=r"^Y: covariance 3 is not positive semi-definite"):
            metric.fit(x, y)
        with pytest.raises(ValueError, match=r"^train_data\[1\]: covariance 3 is not positive"):
            metric.pairwise_distances([x, y], verbose=False)
        good, _, *_ = gaussian_pair(0)
        with pytest.raises(ValueError, match=r"^test_data\[1\]: covariance 3"):
            metric.pairwise_distances([x, good], [x, y], verbose=False)

    def test_asymmetric_covariance(self):
        x, y, *_ = gaussian_pair(0)
        x[1][2, 0, 1] += 0.5
        with pytest.raises(
            ValueError, match=r"^X: covariance 2 is not symmetric: elements \(0, 1\)"
        ):
            GaussianStochasticMetric().fit(x, y)

    def test_shapes(self):
        x, y, x_test, _ = gaussian_pair(0)
        metric = GaussianStochasticMetric()
        with pytest.raises(ValueError, match="equal dimensions"):
            metric.fit(x, x_test)
        with pytest.raises(ValueError, match=r"X\[1\] must hold covariances in shape \(12, 4, 4\)"):
            metric.fit((x[0], x[1][:, :3, :3]), y)
        with pytest.raises(ValueError, match="Y must be a tuple of means and covariances"):
            metric.fit(x, y[0])
        with pytest.raises(ValueError, match=r"train_data\[1\] has means of shape \(7, 4\)"):
            metric.pairwise_distances([x, x_test], verbose=False)
        narrow = [(z[0][:, :3], np.ascontiguousarray(z[1][:, :3, :3])) for z in (x, y)]
        with pytest.raises(ValueError, match="must have 4 neurons"):
            metric.fit(x, y).score(*narrow)
        with pytest.raises(ValueError, match=r"test_data\[0\]: its 3 dimensions are no multiple"):
            metric.pairwise_distances([x, y], narrow, verbose=False)


def test_random_state():
    x, y, *_ = gaussian_pair(3)
    starts = {"init": "rand", "n_restarts": 3}
    fits = [GaussianStochasticMetric(random_state=s, **starts).fit(x, y) for s in (0, 0, 1)]
    np.testing.assert_array_equal(fits[0].T, fits[1].T)
    assert fits[0].loss_hist != fits[2].loss_hist
    assert fits[0].fit(x, y).loss_hist == fits[1].loss_hist


def test_a_fit_can_be_interrupted():
    """Ctrl-C is seen between iterations, whatever their number."""
    rs = np.random.RandomState(0)
    x, y = gaussian(rs, 50, 30), gaussian(rs, 50, 30)
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            GaussianStochasticMetric(niter=10**6, tol=-np.inf).fit(x, y)
    finally:
        timer.cancel()
