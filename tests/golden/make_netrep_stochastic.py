"""Write netrep_stochastic.json, what netrep's stochastic metrics return on fixed random data.

    PYTHONPATH=<a clone of github.com/ahwillia/netrep> python make_netrep_stochastic.py <commit>

The data are not stored: the functions below make them again from RandomState, whose stream is
frozen. Two things that NumPy and SciPy have dropped since are put back: ``np.row_stack``, and
sparse alignments in einsum.

netrep's fit weights means and covariances by alpha^2 and (2 - alpha)^2, so that its alignments
are right at alpha 0, 1 and 2 only. At other alphas the score at its alignment is.
"""

import itertools
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

SHAPE = (12, 4)  # inputs, neurons
N_TEST = 7
N_REPEATS = 6
N_TIMES = 5
GROUPS = ["orth", "perm", "identity"]
ALPHAS = [0.0, 0.4, 1.0, 1.7, 2.0]


def gaussian(rs, m, n):
    """Return means, and covariances that are well conditioned."""
    roots = rs.randn(m, n, n)
    return rs.randn(m, n), roots @ roots.transpose(0, 2, 1) / n + 0.1 * np.eye(n)


def gaussian_pair(seed):
    """Return two networks and their held-out responses."""
    rs = np.random.RandomState(seed)
    m, n = SHAPE
    return [gaussian(rs, count, n) for count in (m, m, N_TEST, N_TEST)]


def process_pair(seed):
    """Return two processes of N_TIMES times."""
    rs = np.random.RandomState(seed)
    return [tuple(a[0] for a in gaussian(rs, 1, N_TIMES * SHAPE[1])) for _ in range(2)]


def repeated_pair(seed):
    """Return two networks and their held-out responses, with repeats."""
    rs = np.random.RandomState(seed)
    m, n = SHAPE
    shared = [rs.randn(count, 1, n) for count in (m, N_TEST)]
    return [means + 0.5 * rs.randn(len(means), N_REPEATS, n) for means in shared for _ in range(2)]


def put_back():
    """Let netrep run on current NumPy and SciPy."""
    from netrep.metrics import stochastic, stochastic_process

    if not hasattr(np, "row_stack"):
        np.row_stack = np.vstack  # noqa: NPY201
    sparse = stochastic.align

    def align(*args, **kw):
        T = sparse(*args, **kw)
        return T.toarray() if hasattr(T, "toarray") else T

    stochastic.align = stochastic_process.align = align


def fitted(metric, train, test=None):
    """Return what a fit leaves and its distances."""
    metric.fit(*train)
    answer = {"T": metric.T.tolist(), "loss": float(metric.loss_hist[-1])}
    answer["train"] = float(metric.score(*train))
    if test is not None:
        answer["test"] = float(metric.score(*test))
    return answer


def gaussians():
    from netrep.metrics import GaussianStochasticMetric

    for seed, (alpha, group) in enumerate(itertools.product(ALPHAS, GROUPS)):
        x, y, x_test, y_test = gaussian_pair(seed)
        options = {"alpha": alpha, "group": group}
        metric = GaussianStochasticMetric(**options)
        yield {"seed": seed, **options, **fitted(metric, (x, y), (x_test, y_test))}
    options = {"init": "rand", "n_restarts": 4, "random_state": 3}
    x, y, x_test, y_test = gaussian_pair(0)
    metric = GaussianStochasticMetric(**options)
    yield {"seed": 0, "alpha": 1.0, **options, **fitted(metric, (x, y), (x_test, y_test))}


def processes():
    from netrep.metrics import GPStochasticMetric

    for seed, (alpha, group) in enumerate(itertools.product(ALPHAS, GROUPS)):
        options = {"alpha": alpha, "group": group, "n_dims": SHAPE[1]}
        yield {"seed": seed, **options, **fitted(GPStochasticMetric(**options), process_pair(seed))}


def energies():
    from netrep.metrics import EnergyStochasticMetric

    for seed, group in enumerate(GROUPS * 2):
        x, y, x_test, y_test = repeated_pair(seed)
        metric = EnergyStochasticMetric(group=group).fit(x, y)
        answer = {"seed": seed, "group": group, "Q": metric.Q.tolist(), "w": metric.w.tolist()}
        answer["loss_hist"] = [float(loss) for loss in metric.loss_hist]
        answer["train"] = float(metric.score(x, y))
        yield answer | {"test": float(metric.score(x_test, y_test))}


def cohort():
    """Return the distances between four networks, by netrep's method with eps."""
    from netrep.metrics import GaussianStochasticMetric

    networks = [pair for seed in range(2) for pair in gaussian_pair(seed)[:2]]
    test = [pair for seed in range(2) for pair in gaussian_pair(seed)[2:]]
    metric = GaussianStochasticMetric()
    distances = metric.pairwise_distances(networks, test, eps=0.01, processes=1, verbose=False)
    return [d.tolist() for d in distances]


def main(commit):
    put_back()
    packages = {name: version(name) for name in ["numpy", "scipy", "scikit-learn"]}
    versions = {"netrep": f"0.0.2, commit {commit}", "python": platform.python_version()}
    document = {
        "made by": Path(__file__).name,
        "versions": versions | packages,
        "gaussian": list(gaussians()),
        "process": list(processes()),
        "energy": list(energies()),
        "cohort": cohort(),
    }
    path = Path(__file__).with_name("netrep_stochastic.json")
    path.write_text(json.dumps(document, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
