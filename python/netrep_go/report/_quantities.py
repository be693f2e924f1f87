"""What is in a report: its sections and quantities, and who defined them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from netrep_go.plotting._report import MEASURE

REVERSED = "_reversed"  # and what ends the name of a measure's values in the other order
Rows = Literal["layers", "pairs", "rdms", "targets"]


class Section(NamedTuple):
    """A part of the page."""

    title: str
    text: str
    references: tuple[str, ...]


class Quantity(NamedTuple):
    """Numbers of a section, and what they are of."""

    section: str
    rows: Rows
    title: str


SECTIONS = {
    "distances": Section(
        "Shape distances",
        "Angular Procrustes distance between layers, in radians: 0 for layers that differ by a "
        "rotation, a translation and a scale, and at most a right angle.",
        (
            "Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on Neural "
            "Representations. NeurIPS 34. arXiv:2110.14739.",
        ),
    ),
    "similarity": Section(
        "Calibrated similarity",
        "Linear CKA of layers, held against that of layers whose samples are shuffled: the "
        "calibrated value is 0 for what shuffled samples reach, and 1 for layers that are the "
        "same.",
        (
            "Kornblith, Norouzi, Lee & Hinton (2019). Similarity of Neural Network "
            "Representations Revisited. ICML. arXiv:1905.00414.",
            "Groeger et al. (2026). Revisiting the Platonic Representation Hypothesis.",
        ),
    ),
    "measures": Section(
        "Other measures",
        "Values of the measures that were asked for, of each pair of layers. Of a measure with a "
        "direction, the second value is that of the layers in the other order.",
        (),
    ),
    "capacity": Section(
        "Capacity of manifolds",
        "Manifolds per feature that a linear readout can separate, and their radius and dimension "
        "in mean-field theory, with standard errors. A manifold is what has the same label.",
        (
            "Chung, Lee & Sompolinsky (2018). Classification and geometry of general perceptual "
            "manifolds. Physical Review X 8, 031003. doi:10.1103/PhysRevX.8.031003",
            "Cohen, Chung, Lee & Sompolinsky (2020). Separability and geometry of object manifolds "
            "in deep neural networks. Nature Communications 11, 746.",
        ),
    ),
    "rsa": Section(
        "Representational similarity",
        "Similarity of the dissimilarities of each layer to those that were given, and its mean "
        "over these with its standard error. Small points are single RDMs.",
        (
            "Kriegeskorte, Mur & Bandettini (2008). Representational similarity analysis - "
            "connecting the branches of systems neuroscience. Frontiers in Systems Neuroscience "
            "2, 4. doi:10.3389/neuro.06.004.2008",
            "Schütt, Kipnis, Diedrichsen & Kriegeskorte (2023). Statistical inference on "
            "representational geometries. eLife 12, e82566. doi:10.7554/eLife.82566",
        ),
    ),
    "encoding": Section(
        "Encoding",
        "Held-out score of each layer as the predictor of each target, in nested "
        "cross-validation, and its mean over these. Small points are single targets.",
        (
            "Naselaris, Kay, Nishimoto & Gallant (2011). Encoding and decoding in fMRI. NeuroImage "
            "56(2), 400-410. doi:10.1016/j.neuroimage.2010.07.073",
        ),
    ),
}

QUANTITIES = {
    "distance": Quantity("distances", "pairs", "Procrustes distance"),
    "cka": Quantity("similarity", "pairs", "CKA"),
    "cka_calibrated": Quantity("similarity", "pairs", "calibrated CKA"),
    "cka_null_mean": Quantity("similarity", "pairs", "mean of shuffled"),
    "cka_pvalue": Quantity("similarity", "pairs", "p"),
    "cka_pvalue_max": Quantity("similarity", "pairs", "p of all pairs together"),
    "capacity": Quantity("capacity", "layers", "capacity"),
    "capacity_se": Quantity("capacity", "layers", "s.e."),
    "radius": Quantity("capacity", "layers", "radius"),
    "radius_se": Quantity("capacity", "layers", "s.e."),
    "dimension": Quantity("capacity", "layers", "dimension"),
    "dimension_se": Quantity("capacity", "layers", "s.e."),
    "center_correlation": Quantity("capacity", "layers", "center correlation"),
    "rsa_mean": Quantity("rsa", "layers", "mean similarity of RDMs"),
    "rsa_se": Quantity("rsa", "layers", "s.e."),
    "rsa": Quantity("rsa", "rdms", "similarity"),
    "score_mean": Quantity("encoding", "layers", "mean score of targets"),
    "score": Quantity("encoding", "targets", "score"),
}


def quantity(name: str) -> Quantity | None:
    """Return what a quantity is, also of a measure that was asked for; None of what is none."""
    if name.startswith(MEASURE):
        return Quantity("measures", "pairs", name.removeprefix(MEASURE).replace("_", " "))
    return QUANTITIES.get(name)
