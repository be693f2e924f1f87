"""Which layers, and which of their calls, are asked for by name and type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netrep_go._shown import shown

INPUT = {"input": "Input"}  # the samples themselves
TAKEN = " input"  # after a layer's name: what it takes, and not what it returns

Calls = set[int] | None  # the first being 1; None for all

_OneOf = Mapping[str, str]


def choose(
    own: _OneOf, names: Sequence[str] | None, types: Sequence[str] | None
) -> dict[str, Calls]:
    """Return the chosen layers in the model's order and their calls, or say which there are."""
    available = {**own, **{name: kind for name, kind in INPUT.items() if name not in own}}
    for what, given in (("layers", names), ("types", types)):
        if isinstance(given, str):
            raise TypeError(f"{what} must be a sequence of names, got {shown(given)}")
    wanted = _parsed(names or (), available)
    _check_there("layer", [n for n in wanted if _layer(n, available) not in available], available)
    kinds = sorted(set(available.values()))
    _check_there("layer of type", [kind for kind in types or () if kind not in kinds], kinds)
    if names is None:
        wanted = dict.fromkeys(own if types is None else available)
    order = {name: k for k, name in enumerate(available)}
    chosen = [n for n in wanted if types is None or available[_layer(n, available)] in types]
    if not chosen:
        listed = ", ".join(map(repr, available))
        raise ValueError(
            f"no layer is chosen by layers={shown(names)} and types={shown(types)}, of {listed}"
        )
    chosen.sort(key=lambda name: order[_layer(name, available)])
    return {name: wanted[name] for name in chosen}


def _check_there(what: str, missing: Sequence[str], there: Iterable[str]) -> None:
    if missing:
        listed = ", ".join(map(repr, there))
        raise ValueError(f"the model has no {what} {missing[0]!r}; it has {listed}")


def _parsed(names: Sequence[str], available: _OneOf) -> dict[str, Calls]:
    """Return names without the numbers of calls, and these."""
    wanted: dict[str, Calls] = {}
    for given in names:
        name, _, call = given.rpartition("#")
        if _layer(given, available) in available or not call.isdecimal() or call == "0":
            wanted[given] = None
        elif (calls := wanted.setdefault(name, set())) is not None:
            calls.add(int(call))
    return wanted


def _layer(name: str, available: _OneOf) -> str:
    """Return the layer that a name is about."""
    return name if name in available else name.removesuffix(TAKEN)
