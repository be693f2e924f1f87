"""The public modules: which there are, what dir() shows, and where netrep's names are."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import netrep_go
from netrep_go.datasets import digits_networks
from netrep_go.rbf_sampler import RBFOrthoSampler
from netrep_go.utils import rand_orth, rand_struc_orth, trunc_svd

REFERENCE = (Path(__file__).parents[1] / "docs" / "api.rst").read_text()

# What netrep's notebooks and tests import, and what its modules define.
NETREP = {
    "conv_layers": ["convolve_metric"],
    "kmeans": ["procrustes_kmeans"],
    "metrics": [
        "EnergyStochasticMetric",
        "GPStochasticMetric",
        "GaussianStochasticMetric",
        "LinearCKA",
        "LinearMetric",
        "PermutationMetric",
    ],
    "metrics.cka": ["LinearCKA"],
    "metrics.linear": ["LinearMetric"],
    "metrics.perm": ["PermutationMetric"],
    "metrics.stochastic": ["EnergyStochasticMetric", "GaussianStochasticMetric"],
    "metrics.stochastic_process": ["GPStochasticMetric"],
    "multiset": [
        "cross_distances",
        "euclidean_tangent_space",
        "frechet_mean",
        "pairwise_distances",
    ],
    "rbf_sampler": ["RBFOrthoSampler"],
    "utils": [
        "align",
        "angular_distance",
        "centered_kernel",
        "econ_svd",
        "fwht",
        "posdefsqrt",
        "rand_orth",
        "rand_struc_orth",
        "sq_bures_metric",
        "sq_bures_metric_slow",
        "struc_orth_matvec",
        "trunc_svd",
        "whiten",
    ],
    "validation": ["check_equal_shapes"],
}


def public_modules():
    """Return the names of all modules without an underscore, below netrep_go."""
    found = pkgutil.walk_packages(netrep_go.__path__, "netrep_go.")
    names = [info.name.removeprefix("netrep_go.") for info in found]
    return sorted(name for name in names if "._" not in f".{name}")


def test_the_package_lists_its_modules():
    assert set(netrep_go._MODULES) == {name for name in public_modules() if "." not in name}


@pytest.mark.parametrize("module", sorted(NETREP))
def test_names_of_netrep(module):
    ours = importlib.import_module(f"netrep_go.{module}")
    assert set(NETREP[module]) <= set(ours.__all__)


@pytest.mark.parametrize("module", sorted(name for name in NETREP if name.startswith("metrics.")))
def test_faces_hold_the_same_classes(module):
    face = importlib.import_module(f"netrep_go.{module}")
    for name in face.__all__:
        assert getattr(face, name) is getattr(netrep_go.metrics, name)


@pytest.mark.parametrize("module", public_modules())
def test_dir_shows_public_names_only(module):
    ours = importlib.import_module(f"netrep_go.{module}")
    assert dir(ours) == sorted(ours.__all__)
    assert all(hasattr(ours, name) for name in ours.__all__)


@pytest.mark.parametrize("module", public_modules())
def test_every_public_name_is_in_the_reference(module):
    # A module that is listed alone has a page of the classes and functions in its __all__.
    listed = re.search(rf"^   netrep_go\.{module}$", REFERENCE, re.MULTILINE)
    row = re.search(rf"^``netrep_go\.{module}`` .+\n(?: .+\n)*", REFERENCE, re.MULTILINE)
    ours = importlib.import_module(f"netrep_go.{module}")
    for name in ours.__all__:
        if listed:
            assert inspect.isclass(getattr(ours, name)) or inspect.isfunction(getattr(ours, name))
        else:
            assert f".{name}`" in row[0]


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: rand_orth(4, random_state=seed),
        lambda seed: rand_struc_orth(64, random_state=seed),
        lambda seed: trunc_svd(np.arange(64.0).reshape(8, 8) % 5, 2, random_state=seed)[0],
        lambda seed: RBFOrthoSampler(random_state=seed).fit(np.ones((2, 3))).random_weights_,
        lambda seed: digits_networks((8,), (1,), 1, trained=False, random_state=seed).images,
    ],
)
def test_generators_are_taken(draw):
    first, second = draw(np.random.default_rng(0)), draw(np.random.default_rng(0))
    np.testing.assert_array_equal(first, second)
    rng = np.random.default_rng(0)
    assert not np.array_equal(draw(rng), draw(rng))
