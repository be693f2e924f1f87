"""What tests/fuzzing.py does to arguments, by the kind of the clean value, and what must follow.

What must follow is one of

- ``same``: the result of ``plain``, the value that the mutation stands for, in clean float64;
- ``like``: the same, or a clear error, where a container or type need not be taken;
- ``refused``: a clear error, or NaN in the result, which says that it is undefined; or the result
  of ``plain``, where that is taken;
- ``scaled``: the power law that the results follow from 1e6 to 1e12, or a clear error;
- ``reshaped``: the same numbers in another shape, or a clear error;
- ``empty``: an empty result, or a clear error;
- ``odd``: a clear error, or the clean result where the argument makes no difference;
- ``long``: a result, a clear error, or work that Ctrl-C ends;
- ``any``: a result or a clear error: there is no oracle, but no crash and no hang either.
"""

import datetime
import decimal
import fractions
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse


class Mutation(NamedTuple):
    """A change of an argument, and what must follow."""

    name: str
    want: str
    change: Callable[[Any], Any]
    plain: Callable[[Any], Any] | None = None


def everywhere(change):
    """Apply a change to all arrays of a nested argument."""

    def apply(value):
        if isinstance(value, dict):
            return {k: apply(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)) and value:
            return type(value)(map(apply, value))
        return change(value)

    return apply


def once(change):
    """Apply a change to the first array of a nested argument."""

    def apply(value):
        if isinstance(value, dict):
            first = next(iter(value))
            return value | {first: apply(value[first])}
        if isinstance(value, (list, tuple)) and value:
            return type(value)([apply(value[0]), *value[1:]])
        return change(value)

    return apply


def _strided(x):
    wide = np.full((*x.shape[:-1], 2 * x.shape[-1]), -7, x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def _reversed(x):
    return x[::-1].copy()[::-1]


def _unaligned(x):
    return np.frombuffer(b"0" + x.tobytes(), x.dtype, offset=1).reshape(x.shape)


def _read_only(x):
    x.flags.writeable = False
    return x


def _memmap(x):
    with tempfile.NamedTemporaryFile(suffix=".npy", delete=False) as file:
        np.save(file, x)
    mapped = np.load(file.name, mmap_mode="r")
    Path(file.name).unlink()
    return mapped


class Arrays:
    """Something that becomes an array."""

    def __init__(self, x):
        self.x = x

    def __array__(self, dtype=None, copy=None):
        return np.array(self.x, dtype=dtype)


def _integers(x):
    """Return whole numbers from -100 to 100, not negative where none was."""
    return np.round(100 * x / (np.abs(x).max() or 1))


def _as(dtype, prepare=lambda x: x):
    """Return a change of type, and the float64 of the same values."""
    return (
        everywhere(lambda x: prepare(x).astype(dtype)),
        everywhere(lambda x: prepare(x).astype(dtype).astype(np.float64)),
    )


def _frame(x):
    return pd.DataFrame(x) if x.ndim == 2 else pd.Series(x) if x.ndim == 1 else x


def _sparse(x):
    return scipy.sparse.csr_array(x) if x.ndim == 2 else x


def _place(x):
    return min(x.size // 3 + 1, x.size - 1)


def _put(value):
    """Return a change of one entry, off the diagonal of a matrix."""

    def change(x):
        x = np.array(x, np.result_type(x.dtype, np.asarray(value).dtype))
        x.flat[_place(x)] = value
        return x

    return once(change)


def _hide(x):
    mask = np.zeros(x.shape, bool)
    mask.flat[_place(x)] = True
    return np.ma.array(x, mask=mask)


def _objects(value):
    def change(x):
        x = x.astype(object)
        x.flat[_place(x)] = value
        return x

    return once(change)


def _ragged(x):
    return [*x.tolist()[:-1], [1.0]] if x.ndim > 1 else [*x.tolist()[:-1], [1.0, 2.0]]


def _generator(x):
    return (row for row in x)


def _times(factor):
    return everywhere(lambda x: x * factor)


ODD = [
    Mutation("object()", "odd", lambda x: object()),
    Mutation("a class", "odd", lambda x: dict),
    Mutation("a lambda", "odd", lambda x: lambda *args: None),
    Mutation("{}", "odd", lambda x: {}),
    Mutation("set", "odd", lambda x: {1, 2}),
    Mutation("...", "odd", lambda x: ...),
    Mutation("empty text", "odd", lambda x: ""),
    Mutation("text", "odd", lambda x: "no such thing"),
    Mutation("bytes", "odd", lambda x: b"bytes"),
    Mutation("a date", "odd", lambda x: datetime.date(2020, 1, 1)),
    Mutation("datetime64", "odd", lambda x: np.datetime64("2020-01-01")),
    Mutation("complex", "odd", lambda x: 1 + 2j),
    Mutation("empty generator", "odd", lambda x: (i for i in ())),
    Mutation("dict_values", "odd", lambda x: {"a": 1}.values()),
    Mutation("[[]]", "odd", lambda x: [[]]),
    Mutation("NaN", "odd", lambda x: float("nan")),
    Mutation("module", "odd", lambda x: np),
]

SAME_ARRAYS = [
    Mutation("Fortran order", "same", everywhere(np.asfortranarray)),
    Mutation("strided", "same", everywhere(_strided)),
    Mutation("reversed strides", "same", everywhere(_reversed)),
    Mutation("unaligned", "same", everywhere(_unaligned)),
    Mutation("big-endian", "same", everywhere(lambda x: x.astype(x.dtype.newbyteorder(">")))),
    Mutation("read-only", "same", everywhere(_read_only)),
    Mutation("memmap", "same", everywhere(_memmap)),
    Mutation("nested lists", "same", everywhere(lambda x: x.tolist())),
    Mutation("__array__", "like", everywhere(Arrays)),
    Mutation("unmasked", "same", everywhere(np.ma.array)),
    Mutation("np.matrix", "like", everywhere(lambda x: np.matrix(x) if x.ndim == 2 else x)),
    Mutation("objects", "like", everywhere(lambda x: x.astype(object))),
    Mutation("pandas", "like", everywhere(_frame)),
    Mutation("sparse", "like", everywhere(_sparse)),
    Mutation("generator of rows", "like", everywhere(_generator)),
]

TYPES = [
    Mutation("float32", "same", *_as(np.float32)),
    Mutation("float16", "same", *_as(np.float16)),
    Mutation("longdouble", "same", *_as(np.longdouble)),
    Mutation("int64", "same", *_as(np.int64, _integers)),
    Mutation("int8", "same", *_as(np.int8, _integers)),
    Mutation("uint8", "same", *_as(np.uint8, lambda x: np.abs(_integers(x)))),
    Mutation("uint64", "same", *_as(np.uint64, lambda x: np.abs(_integers(x)))),
    Mutation("bool", "like", *_as(bool, lambda x: x > np.median(x))),
    Mutation("complex of no imaginary part", "like", everywhere(lambda x: x.astype(complex))),
]

BAD_ARRAYS = [
    Mutation("one NaN", "refused", _put(np.nan)),
    Mutation("all NaN", "refused", once(lambda x: np.full(x.shape, np.nan))),
    Mutation("one inf", "refused", _put(np.inf)),
    Mutation("one -inf", "refused", _put(-np.inf)),
    Mutation("masked", "refused", once(_hide), _put(np.nan)),
    Mutation("complex array", "refused", once(lambda x: x + 1j)),
    Mutation("digits as text", "refused", once(lambda x: x.astype(str))),
    Mutation("words", "refused", once(lambda x: np.full(x.shape, "word"))),
    Mutation("datetimes", "refused", once(lambda x: _integers(x).astype("datetime64[D]"))),
    Mutation("timedeltas", "refused", once(lambda x: _integers(x).astype("timedelta64[D]"))),
    Mutation("records", "refused", once(lambda x: np.zeros(x.shape, [("a", float)]))),
    Mutation("object None", "refused", _objects(None), _put(np.nan)),
    Mutation("object text", "refused", _objects("word")),
    Mutation("object list", "refused", _objects([1.0, 2.0])),
    Mutation("ragged", "refused", once(_ragged)),
    Mutation("above float64", "refused", _put(np.longdouble("1e400"))),
    Mutation("no rows", "empty", once(lambda x: x[:0])),
    Mutation("no columns", "empty", once(lambda x: x[..., :0])),
    Mutation("[]", "empty", once(lambda x: [])),
    Mutation("0-d", "any", once(lambda x: np.array(x.flat[0]))),
    Mutation("raveled", "reshaped", once(np.ravel)),
    Mutation("first row", "any", once(lambda x: x[0])),
    Mutation("an axis before", "reshaped", once(lambda x: x[None])),
    Mutation("an axis behind", "reshaped", once(lambda x: x[..., None])),
    Mutation("two axes before", "reshaped", once(lambda x: x[None, None])),
    Mutation("5-D", "reshaped", once(lambda x: x.reshape((1,) * (5 - x.ndim) + x.shape))),
    Mutation("transposed", "any", once(lambda x: x.T)),
    Mutation("one row", "any", once(lambda x: x[:1])),
    Mutation("two rows", "any", once(lambda x: x[:2])),
    Mutation("three rows", "any", once(lambda x: x[:3])),
    Mutation("a row less", "any", once(lambda x: x[:-1])),
    Mutation("one column", "any", everywhere(lambda x: x[..., :1])),
    Mutation("zeros", "any", everywhere(np.zeros_like)),
    Mutation("ones", "any", everywhere(np.ones_like)),
    Mutation("negative", "any", everywhere(np.negative)),
    Mutation("one 1e300", "any", _put(1e300)),
    Mutation("times 1e150", "scaled", _times(1e150)),
    Mutation("times 1e300", "scaled", _times(1e300)),
    Mutation("times 1e-150", "scaled", _times(1e-150)),
    Mutation("times 1e-300", "scaled", _times(1e-300)),
]


def _named(x):
    return dict(enumerate(x)) if not isinstance(x, dict) else x


def _listed(change):
    """Return a change of a list that is done to the values of a dictionary, too."""
    return lambda x: (
        dict(zip(x, change([*x.values()]), strict=False)) if isinstance(x, dict) else change([*x])
    )


def _of_values(change):
    """Return a change of a list, or of the values of a dictionary."""
    return lambda x: change([*x.values()] if isinstance(x, dict) else [*x])


LISTS = [
    Mutation("tuple", "like", _of_values(tuple)),
    Mutation("by name", "like", _named),
    Mutation("Series of arrays", "like", _of_values(pd.Series)),
    Mutation("object array", "like", _of_values(lambda x: _object_array(x))),
    Mutation("generator", "like", _of_values(_generator)),
    Mutation("no arrays", "odd", lambda x: []),
    Mutation("one array", "any", _listed(lambda x: x[:1])),
    Mutation("an array of None", "refused", _listed(lambda x: [None, *x[1:]])),
    Mutation("an array of text", "refused", _listed(lambda x: ["text", *x[1:]])),
    Mutation("a number for an array", "refused", _listed(lambda x: [1.0, *x[1:]])),
    Mutation("an empty array", "refused", _listed(lambda x: [*x[:-1], np.empty((0, 0))])),
    Mutation("a list for an array", "refused", _listed(lambda x: [*x[:-1], []])),
    Mutation("the last has NaN", "refused", _listed(lambda x: [*x[:-1], _put(np.nan)(x[-1])])),
    Mutation("an array within", "refused", lambda x: [x]),
]


def _object_array(x):
    array = np.empty(len(x), object)
    array[:] = list(x)
    return array


LABELS = [
    Mutation("list", "same", lambda y: y.tolist()),
    Mutation("tuple", "same", lambda y: tuple(y.tolist())),
    Mutation("strided", "same", _strided),
    Mutation("big-endian", "same", lambda y: y.astype(y.dtype.newbyteorder(">"))),
    Mutation("read-only", "same", _read_only),
    Mutation("memmap", "same", _memmap),
    Mutation("uint8", "same", lambda y: y.astype(np.uint8)),
    Mutation("floats", "same", lambda y: y.astype(float)),
    Mutation("objects", "same", lambda y: y.astype(object)),
    Mutation("Series", "same", pd.Series),
    Mutation("text", "same", lambda y: [f"label {v}" for v in y], lambda y: y),
    Mutation("unmasked", "same", np.ma.array),
    Mutation("a column", "like", lambda y: y[:, None]),
    Mutation("generator", "like", lambda y: (v for v in y)),
    Mutation("masked", "refused", _hide),
    Mutation("a NaN", "refused", _put(np.nan)),
    Mutation("a None", "refused", lambda y: [None, *y[1:].tolist()]),
    Mutation("two types", "refused", lambda y: ["a", *y[1:].tolist()]),
    Mutation("one short", "refused", lambda y: y[:-1]),
    Mutation("one more", "refused", lambda y: np.append(y, y[-1])),
    Mutation("twice", "refused", lambda y: np.stack([y, y])),
    Mutation("none", "refused", lambda y: y[:0]),
    Mutation("0-d", "refused", lambda y: np.array(1)),
    Mutation("all alike", "any", np.zeros_like),
    Mutation("all apart", "any", lambda y: np.arange(len(y))),
    Mutation("complex", "any", lambda y: y + 1j),
    Mutation("dates", "any", lambda y: y.astype("datetime64[D]")),
]

COUNTS = [
    Mutation("np.int64", "same", np.int64),
    Mutation("np.int8", "same", np.int8),
    Mutation("0-d array", "like", np.array),
    Mutation("float of the same value", "like", float),
    Mutation("True", "odd", lambda n: True if n != 1 else "True"),
    Mutation("digits", "odd", str),
    Mutation("a half more", "odd", lambda n: n + 0.5),
    Mutation("inf", "odd", lambda n: float("inf")),
    Mutation("list of it", "odd", lambda n: [n]),
    Mutation("None", "any", lambda n: None),
    Mutation("-1", "any", lambda n: -1),
    Mutation("0", "any", lambda n: 0),
    Mutation("1", "any", lambda n: 1),
    Mutation("1e9", "long", lambda n: 10**9),
    Mutation("1e18", "long", lambda n: 10**18),
    Mutation("2**63", "long", lambda n: 2**63),
    Mutation("1e30", "long", lambda n: 10**30),
]

NUMBERS = [
    Mutation("np.float64", "same", np.float64),
    Mutation("np.float32", "same", np.float32, lambda v: float(np.float32(v))),
    Mutation("0-d array", "like", np.array),
    Mutation("Fraction", "like", fractions.Fraction),
    Mutation("Decimal", "like", decimal.Decimal),
    Mutation("True", "odd", lambda v: True if v != 1 else "True"),
    Mutation("digits", "odd", str),
    Mutation("list of it", "like", lambda v: [v]),
    Mutation("None", "any", lambda v: None),
    Mutation("inf", "any", lambda v: float("inf")),
    Mutation("-inf", "any", lambda v: -float("inf")),
    Mutation("-1", "any", lambda v: -1.0),
    Mutation("0", "any", lambda v: 0.0),
    Mutation("1e300", "long", lambda v: 1e300),
    Mutation("1e-300", "long", lambda v: 1e-300),
    Mutation("10**400", "any", lambda v: 10**400),
]

SWITCHES = [
    Mutation("np.bool_", "same", np.bool_),
    Mutation("int", "like", int),
    Mutation("'no'", "odd", lambda b: "no"),
    Mutation("None", "odd", lambda b: None),
    Mutation("2", "odd", lambda b: 2),
    Mutation("two of them", "odd", lambda b: np.array([b, not b])),
    Mutation("the other", "any", lambda b: not b),
]

TEXTS = [
    Mutation("np.str_", "same", np.str_),
    Mutation("upper case", "odd", str.upper),
    Mutation("encoded", "odd", str.encode),
    Mutation("list of it", "odd", lambda s: [s]),
    Mutation("None", "any", lambda s: None),
    Mutation("3", "odd", lambda s: 3),
]

PATHS = [
    Mutation("Path", "same", Path),
    Mutation("encoded", "like", str.encode),
    Mutation("missing", "odd", lambda p: p + "_no_such"),
    Mutation("a folder", "odd", lambda p: str(Path(p).parent)),
    Mutation("no folder", "odd", lambda p: "no/such/folder/file.mat"),
    Mutation("a number", "odd", lambda p: 12345),
    Mutation("None", "odd", lambda p: None),
    Mutation("with NUL", "odd", lambda p: p + "\0"),
    Mutation("a lone surrogate", "odd", lambda p: p + "\udc80\ud800"),
]

JOBS = [
    *(Mutation(repr(n), "same", lambda _, n=n: n) for n in (None, 1, 2, -1, -2, np.int64(2))),
    *(Mutation(repr(n), "like", lambda _, n=n: n) for n in (10**9, 10**30, -(10**30))),
    *(Mutation(repr(n), "odd", lambda _, n=n: n) for n in (0, 1.5, "2", [], True, np.inf)),
]

SEEDS = [
    Mutation("np.int64", "same", np.int64),
    Mutation("np.uint32", "same", np.uint32),
    Mutation("RandomState", "same", np.random.RandomState),
    Mutation("Generator", "any", np.random.default_rng),
    Mutation("None", "any", lambda s: None),
    Mutation("largest", "any", lambda s: 2**32 - 1),
    *(
        Mutation(getattr(s, "__name__", repr(s)), "odd", lambda _, s=s: s)
        for s in (-1, 2**32, 10**30, 1.5, "1", [1, 2], np.random.RandomState, np.random.default_rng)
    ),
]

# What arguments are called that are files or folders, and labels of samples.
PLACES = ("path", "prefix", "model", "folder", "others")
LABEL_NAMES = ("y", "conditions", "groups", "strata")

KINDS: dict[str, list[Mutation]] = {
    "array": [*SAME_ARRAYS, *TYPES, *BAD_ARRAYS],
    "integers": [
        *(m for m in SAME_ARRAYS if m.name != "sparse"),
        *(m for m in BAD_ARRAYS if not m.name.startswith(("times", "one 1e300"))),
    ],
    "arrays": [*LISTS, *SAME_ARRAYS, *TYPES, *BAD_ARRAYS],
    "labels": LABELS,
    "count": COUNTS,
    "number": NUMBERS,
    "switch": SWITCHES,
    "text": TEXTS,
    "path": PATHS,
    "jobs": JOBS,
    "seed": SEEDS,
    "other": [],
}


def kind(name: str, value: Any) -> str:
    """Return the kind of an argument."""
    by_name = {"n_jobs": "jobs", "processes": "jobs", "random_state": "seed", "seed": "seed"}
    if name in by_name:
        return by_name[name]
    for type_, found in ((bool, "switch"), (int, "count"), (float, "number")):
        if isinstance(value, type_):
            return found
    if isinstance(value, str):
        return "path" if name in PLACES else "text"
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            return "array"
        return "labels" if name in LABEL_NAMES else "integers"
    return "arrays" if _holds_arrays(value) else "other"


def _holds_arrays(value: Any) -> bool:
    """Whether an argument is a nested list, tuple or dictionary of arrays alone."""
    items = list(value.values()) if isinstance(value, dict) else value
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f"
    return isinstance(items, (list, tuple)) and bool(items) and all(map(_holds_arrays, items))


def mutations(name: str, value: Any) -> dict[str, Mutation]:
    """Return what is done to an argument, by name."""
    return {m.name: m for m in [*ODD, *KINDS[kind(name, value)]]}
