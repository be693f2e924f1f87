"""Pairs of matrices that hypothesis makes up, for every entry point of native_entries.py.

``count(entry, n_examples)`` returns how often what happened. In an example, matrices of any values,
types and layouts must give the numbers that their values give in clean float64, or the same error;
an error is one of an argument, and nothing is written to. tests/test_campaign.py runs each entry in
a process of its own.
"""

import contextlib
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from estimators import CAPACITY
from fuzz_judge import differs, numbers
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from native_entries import ENTRY_POINTS, LAYOUTS, owned_bytes

SHAPE = (14, 4)  # of what all entry points take
CLEAR = (ValueError, TypeError, MemoryError, OverflowError)  # LinAlgError is a ValueError
TYPES = ("f8", ">f8", "f4", "f2", "g", "i8", "u2", "i1", "?", "O", "c16", "U8")
KEEPING = ("fortran", "strided", "negative", "transposed", "unaligned", "read_only")


def values(rng, kind, shape):
    """Return a matrix of a kind."""
    x = rng.standard_normal(shape)
    if kind == "ties":
        return np.round(x)
    if kind == "low rank":
        return x[:, :1] * rng.standard_normal(shape[1])
    if kind == "constant":
        return np.full(shape, x.flat[0] if x.size else 0.0)
    if kind == "dead columns":
        x[:, ::2] = 0
    if kind == "twins":
        x[1::2] = x[: 2 * len(x[1::2]) : 2]
    if kind == "offset":
        return x + 1e8
    if kind in ("nan", "inf", "-inf") and x.size:
        x.flat[rng.integers(x.size)] = float(kind)
    return x


KINDS = ("normal", "ties", "low rank", "constant", "dead columns", "twins", "offset") * 3
# But for those that are given parts of the matrices, which native_entries.py casts.
NAMES = [name for name in ENTRY_POINTS if name not in ("fwht", "mantel", "sq_bures_metric")]
SILENT = {"DirectCapacity, both methods", *(cls.__name__ for cls in CAPACITY)}  # there


@st.composite
def matrices(draw, shape):
    """Draw a matrix and the clean one of its values, None if these are no real numbers."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from((*KINDS, "nan", "inf", "-inf")))
    x = values(rng, kind, shape) * 10.0 ** draw(
        st.sampled_from((0, 0, 0, -150, -80, -6, 6, 80, 150))
    )
    dtype = draw(st.sampled_from(("f8",) * 20 + TYPES))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = x.astype(dtype)
        clean = None if dtype in ("c16", "U8") else np.array(x, np.float64, order="C")
    layout = draw(st.just("") | st.sampled_from(KEEPING))
    if dtype == "f8" and layout and x.size:
        x = LAYOUTS[layout](x, None)
    return x, clean, dtype


@st.composite
def pairs(draw):
    """Draw two matrices, most of the shape that is expected, some of other small ones."""
    rows, columns = SHAPE
    shape = draw(st.sampled_from([SHAPE] * 4 + [(n, columns) for n in range(5)] + [(rows, 1)]))
    other = draw(st.sampled_from([shape] * 8 + [(shape[0], p) for p in range(6)]))
    return draw(matrices(shape)), draw(matrices(other))


def outcome(entry, x, y):
    """Return "result", its numbers and warnings; "error" and it; or "no call": the test's own."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            found = numbers(list(flat(ENTRY_POINTS[entry](x, y))))
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in frames if "netrep_go" in Path(frame.filename).parts]
            return "error" if ours else "no call", error, heard
    return "result", found, heard


def flat(result):
    """Yield what is in nested lists and tuples."""
    if not isinstance(result, (list, tuple)):
        yield result
        return
    for item in result:
        yield from flat(item)


def judged(entry, first, second):
    """Return what became of an example; AssertionError if it should not have."""
    (x, clean_x, *types), (y, clean_y, other) = first, second
    before = owned_bytes(x), owned_bytes(y)
    kind, found, heard = outcome(entry, x, y)
    assert before == (owned_bytes(x), owned_bytes(y)), "an input was written to"
    if kind == "no call":
        return kind
    if kind == "error":
        assert isinstance(found, CLEAR), repr(found)
        assert str(found), f"{type(found).__name__} without a word"
    if clean_x is None or clean_y is None:
        real = clean_x if clean_y is None else clean_y
        unused = kind == "result" and not differs(found, outcome(entry, real, real)[1])
        assert kind == "error" or unused, "what is no real number was taken"
        return "refused type"
    clean, wanted, _ = outcome(entry, clean_x.copy(), clean_y.copy())
    if kind == "error":
        if clean == "result":
            assert {"O", "g"} & {*types, other}, f"clean float64 is taken, not this: {found}"
            return "refused type"
        return "clear error"
    assert clean == "result", f"clean float64 is refused: {wanted}"
    narrow = {"f4", "f2"} & {*types, other}
    why = differs(found, wanted, 1e-3 if narrow else 1e-12)
    assert not why or narrow, why
    undefined = any(np.isnan(a).any() for a in found.values())
    if undefined:
        finite = np.isfinite(clean_x).all() and np.isfinite(clean_y).all()
        assert heard or not finite or entry in SILENT, "undefined, without a word"
        return "undefined"
    return "right"


def count(entry, n_examples):
    """Return how often examples of an entry came to what, and the first that failed."""
    counts: Counter = Counter()

    @settings(
        max_examples=n_examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pairs())
    def examples(pair):
        try:
            counts[judged(entry, *pair)] += 1
        except AssertionError as error:
            counts["wrong"] += 1
            failures.append(f"{entry}: {str(error)[:300]} {_described(pair)}")

    failures: list[str] = []
    with contextlib.suppress(KeyboardInterrupt):
        examples()
    return {"counts": dict(counts), "failures": failures[:5]}


def _described(pair):
    return [(x.shape, dtype, repr(x.flat[:3])) for x, _, dtype in pair]
