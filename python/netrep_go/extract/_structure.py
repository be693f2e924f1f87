"""Which layers of a network stand for the stages of its hierarchy, told from its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from netrep_go._validation import check_option

CONV, DENSE, POOL, SUM, RELU, JOIN, PASS, OTHER = (
    "convolution",
    "fully connected layer",
    "pooling",
    "sum",
    "ReLU",
    "concatenation",
    "what passes numbers on, or squashes them at the end",
    "other",
)

_RESIDUAL = ("relu", "sum")
_PLAIN = ("all", "conv", "pool")
_FEW = 7  # layers of AlexNet, all of which are taken


class Node(NamedTuple):
    """An operation of a network's graph."""

    name: str  # as `activations` takes it; empty if there is none
    kind: str
    inputs: tuple[int, ...]  # places of others in the order of computation


def recommended(nodes: Sequence[Node], variant: str | None) -> list[str]:
    """Return the names of the layers, in the order of computation."""
    convs = _of_kind(nodes, CONV)
    if not convs:
        raise ValueError("model must be a convolutional network, but it has no convolutions")
    sums = _of_kind(nodes, SUM)
    if variant is not None:
        check_option(variant, "variant", _RESIDUAL if sums else _PLAIN)
    if sums:
        after = sums if variant == "sum" else [_first_relu(nodes, i) for i in sums]
        chosen = [convs[0], *after]
    else:
        chosen = _of_a_chain(nodes, convs, variant)
    for i in chosen:
        if not nodes[i].name:
            raise ValueError(
                f"the model's {nodes[i].kind} near {_before(nodes, i)!r} is computed by no layer: "
                f"take variant={_other(variant)!r}, or choose layers by their names"
            )
    return list(dict.fromkeys(nodes[i].name for i in chosen))


def _of_a_chain(nodes: Sequence[Node], convs: list[int], variant: str | None) -> list[int]:
    """Return layers of a network that has one way from its input to its output."""
    joins = _of_kind(nodes, JOIN)
    if joins:
        raise ValueError(
            f"model must be one chain of layers, or have sums, but it has a {JOIN} near "
            f"{_before(nodes, joins[0])!r}: choose layers by their names"
        )
    dense = _of_kind(nodes, DENSE)
    if dense and all(nodes[i].kind == PASS for i in _after(nodes, dense[-1])):
        dense = dense[:-1]  # the output
    if variant is None:
        variant = "all" if len(convs) + len(dense) <= _FEW else "conv"
    return [*(convs if variant == "all" else _highest(nodes, variant)), *dense]


def _highest(nodes: Sequence[Node], variant: str) -> list[int]:
    """Return the last convolution of each block, or the pooling that ends it, if one does."""
    chosen: list[int] = []
    conv = None
    for i, node in enumerate(nodes):
        if node.kind == CONV:
            conv = i
        elif node.kind == POOL and conv is not None:
            chosen.append(conv if variant == "conv" else i)
            conv = None
    return chosen if conv is None else [*chosen, conv]


def _first_relu(nodes: Sequence[Node], start: int) -> int:
    found = next((i for i in _after(nodes, start) if nodes[i].kind == RELU), None)
    if found is None:
        raise ValueError(
            f"the model has no ReLU after the sum near {_before(nodes, start)!r}: take "
            "variant='sum', or choose layers by their names"
        )
    return found


def _after(nodes: Sequence[Node], start: int) -> list[int]:
    """Return what depends on a node, in the order of computation."""
    reached = {start}
    for i in range(start + 1, len(nodes)):
        if reached.intersection(nodes[i].inputs):
            reached.add(i)
    return sorted(reached - {start})


def _before(nodes: Sequence[Node], i: int) -> str:
    """Return the name of a node, or of the nearest before it that has one."""
    while not nodes[i].name and nodes[i].inputs:
        i = nodes[i].inputs[0]
    return nodes[i].name


def _of_kind(nodes: Sequence[Node], kind: str) -> list[int]:
    return [i for i, node in enumerate(nodes) if node.kind == kind]


def _other(variant: str | None) -> str:
    return {"sum": "relu", "pool": "conv"}.get(variant or "relu", "sum")


def kind_of(name: str, kinds: dict[str, tuple[str, ...]]) -> str:
    """Return the kind whose list has a name."""
    return next((kind for kind, names in kinds.items() if name in names), OTHER)


def numbered() -> Callable[[str], str]:
    """Return what gives the calls of a layer their names."""
    calls: dict[str, int] = {}

    def name(layer: str) -> str:
        calls[layer] = calls.get(layer, 0) + 1
        return layer if calls[layer] == 1 else f"{layer}#{calls[layer]}"

    return name
