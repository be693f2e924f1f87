"""Check measures of other packages against what their names and documentation say of them.

Packages that are installed are checked, the others left out: nothing is installed here. For the
table of the documentation (docs/conformance.rst):

    pip install repsim shesha-geometry rsatoolbox dcor qc-procrustes hoggorm hyppo ckatorch
    python examples/conformance_peers.py --output docs/conformance_peers.csv

Networks are drawn from seeds, so that everybody sees the same.
"""

import argparse
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
import pandas as pd

from netrep_go.conformance import check
from netrep_go.metrics import Properties

RIGID = {"permutation", "rotation", "translation"}
SIMILARITY = {"kind": "similarity", "symmetric": True, "invariances": RIGID | {"scale"}}
SHARE = Properties(range=(0, 1), **SIMILARITY)  # biased: above 0 by chance
UNBIASED = Properties(range=(-1, 1), null=True, **SIMILARITY)
CANONICAL = Properties(
    kind="similarity", range=(0, 1), symmetric=True, invariances=RIGID | {"scale", "linear"}
)
NO_BOUND_BELOW = Properties(range=(-1, 1), **SIMILARITY)
ANGLES = {
    "kind": "similarity",
    "symmetric": True,
    "invariances": {"permutation", "rotation", "scale"},
}
UNCENTERED, UNCENTERED_SIGNED = (Properties(range=(low, 1), **ANGLES) for low in (0, -1))
WEIGHTED = Properties(  # by the features of one side
    kind="similarity", range=(0, 1), invariances={"permutation", "scale", "translation"}
)
SQUARED = Properties(kind="distance", range=(0, np.inf), symmetric=True, invariances=RIGID)


def main():
    """Check what is installed, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("conformance_peers.csv"))
    args = parser.parse_args()
    rows = [row for package, *how in peers() for row in checked(package, *how)]
    table = pd.DataFrame(rows, columns=["package", "measure", "fails", "holds", "what was seen"])
    table.to_csv(args.output, index=False)
    print(table.drop(columns="what was seen").to_string(index=False))


def checked(package, module, measures):
    """Yield a row for each measure of a package that is installed."""
    try:
        version, module = metadata.version(package), import_module(module)
    except ImportError:
        print(f"{package} is not installed: left out")
        return
    for name, measure, claims, *widths in measures:
        result = check(
            lambda x, y, f=measure: float(f(module, x, y)), claims, widths=(*widths, [3, 4])[0]
        )
        held = sum(claim.holds is True for claim in result.claims.values())
        failed = [result.claims[claim] for claim in result.failed]
        seen = "; ".join(f"{claim.claim}: {claim.seen}" for claim in failed)
        yield f"{package} {version}", name, ", ".join(result.failed) or "none", held, seen


def peers():
    """Return packages, their modules, and measures with what is claimed of them."""
    return [
        ("repsim", "repsim", REPSIM),
        ("shesha-geometry", "shesha.sim", SHESHA),
        ("rsatoolbox", "rsatoolbox", RSATOOLBOX),
        ("dcor", "dcor", DCOR),
        ("hyppo", "hyppo.independence", HYPPO),
        ("hoggorm", "hoggorm", HOGGORM),
        ("qc-procrustes", "procrustes", PROCRUSTES),
        ("ckatorch", "ckatorch.core", CKATORCH),
    ]


def of_list(function, **options):
    """Return a measure of a function that compares the networks in a list."""
    return lambda module, x, y: getattr(module, function)([x, y], **options)[0, 1]


def of_pair(function, **options):
    """Return a measure of a function of two networks."""
    return lambda module, x, y: getattr(module, function)(x, y, **options)


def of_rdms(method):
    """Return the similarity of matrices of squared Euclidean distances."""

    def compare(module, x, y):
        rdms = [
            module.rdm.calc_rdm(module.data.Dataset(network), method="euclidean")
            for network in (x, y)
        ]
        return module.rdm.compare(*rdms, method=method).item()

    return compare


def of_tensors(**options):
    """Return a measure of a function of two tensors."""

    def compare(module, x, y):
        import torch

        x, y = (torch.from_numpy(np.array(network)) for network in (x, y))
        return module.cka_base(x, y, **options)

    return compare


REPSIM = [
    ("cka, linear, gretton", of_list("cka", kernel_type="linear", estimator="gretton"), SHARE),
    ("cka, linear, song", of_list("cka", kernel_type="linear", estimator="song"), UNBIASED),
    ("cka, linear, lange", of_list("cka", kernel_type="linear", estimator="lange"), NO_BOUND_BELOW),
    ("cca, yanai", of_list("cca", summary_type="yanai"), CANONICAL),
    ("cca, pillai", of_list("cca", summary_type="pillai"), CANONICAL),
    ("svcca", of_list("svcca"), SHARE),
    ("pwcca", of_list("pwcca"), WEIGHTED),
]
SHESHA = [
    ("cka_linear", of_pair("cka_linear"), SHARE),
    ("cka_debiased", of_pair("cka_debiased"), UNBIASED),
    ("procrustes_similarity", of_pair("procrustes_similarity"), SHARE, [4]),
    (
        "rdm_similarity, euclidean, pearson",
        of_pair("rdm_similarity", metric="euclidean", method="pearson"),
        UNBIASED,
    ),
]
RSATOOLBOX = [
    (f"compare, euclidean, {method}", of_rdms(method), UNBIASED if null else SHARE)
    for method, null in (("corr", True), ("spearman", True), ("tau-a", True), ("cosine", False))
]
DCOR = [
    ("distance_correlation", of_pair("distance_correlation"), SHARE),
    ("u_distance_correlation_sqr", of_pair("u_distance_correlation_sqr"), UNBIASED),
]
HYPPO = [
    ("Dcorr", lambda module, x, y: module.Dcorr().statistic(x, y), UNBIASED),
    ("Dcorr, bias", lambda module, x, y: module.Dcorr(bias=True).statistic(x, y), SHARE),
]
HOGGORM = [
    ("RVcoeff", of_list("RVcoeff"), UNCENTERED),
    ("RV2coeff", of_list("RV2coeff"), UNCENTERED_SIGNED),
]
PROCRUSTES = [
    (
        "orthogonal, translate",
        lambda module, x, y: module.orthogonal(x, y, translate=True).error,
        SQUARED,
    ),
    (
        "orthogonal, translate, scale",
        lambda module, x, y: module.orthogonal(x, y, translate=True, scale=True).error,
        Properties(kind="distance", range=(0, 2), symmetric=True, invariances=RIGID | {"scale"}),
    ),
]
CKATORCH = [
    ("cka_base, linear", of_tensors(), SHARE),
    ("cka_base, linear, hsic", of_tensors(method="hsic"), SHARE),
    ("cka_base, linear, unbiased", of_tensors(unbiased=True), UNBIASED),
]


if __name__ == "__main__":
    main()
