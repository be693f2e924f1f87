"""Arrays and frames of other libraries: taken wherever an array is, or refused with what to do."""

import contextlib
import warnings
from importlib.util import find_spec

import fuzz_examples
import numpy as np
import pytest
from fuzz_judge import differs, numbers
from fuzz_mutations import everywhere, kind
from numpy.testing import assert_array_equal

from netrep_go import encoding, rsa
from netrep_go._foreign import at_hand
from netrep_go._validation import as_labels, as_matrix, unmasked
from netrep_go.encoding import EncodingModel
from netrep_go.inference import compare_networks
from netrep_go.metrics import LinearCKA, LinearMetric, get_measure
from netrep_go.multiset import pairwise_distances
from netrep_go.plotting import EmbeddingDisplay

pandas = pytest.importorskip("pandas")
pyplot = pytest.importorskip("matplotlib.pyplot")

# What takes arrays in its own way, by entry and argument.
COUNTED = {("rsa.ConditionKFold", "X")}  # only has a length
WRITTEN = {("utils.fwht", "a"), ("utils.struc_orth_matvec", "a")}  # into the array itself


class Capsule:
    """An array that is handed over by DLPack alone."""

    def __init__(self, x):
        self.x = np.array(x)

    def __dlpack__(self, **options):
        return self.x.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.x.__dlpack_device__()


class OnGPU:
    """A stand-in for a tensor of PyTorch on a GPU."""

    device = "cuda:0"
    dtype = "torch.float64"
    refusal = TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu()")

    def __init__(self, x):
        self.x = np.asarray(x)
        self.shape, self.ndim = self.x.shape, self.x.ndim

    def __len__(self):
        return len(self.x)

    def __getitem__(self, rows):
        return type(self)(self.x[rows])

    def __array__(self, dtype=None, copy=None):
        raise self.refusal

    def cpu(self):
        return self


class WithGradient(OnGPU):
    """A stand-in for a tensor of PyTorch that a graph of gradients holds."""

    device = "cpu"
    refusal = RuntimeError("Can't call numpy() on Tensor that requires grad.")


class OfCupy(OnGPU):
    """A stand-in for an array of CuPy."""

    device = "<CUDA Device 0>"
    refusal = TypeError("Implicit conversion to a NumPy array is not allowed.")
    __cuda_array_interface__ = {"version": 3}  # noqa: RUF012 -- as it is in CuPy
    cpu = property()

    def get(self):
        return self.x


class OfNumba:
    """A stand-in for an array of Numba on a GPU, which NumPy takes for one object."""

    __cuda_array_interface__ = {"version": 3}  # noqa: RUF012

    def __init__(self, x):
        self.x = np.asarray(x)
        self.shape, self.ndim = self.x.shape, self.x.ndim

    def __len__(self):
        return len(self.x)

    def __getitem__(self, rows):
        return type(self)(self.x[rows])

    def copy_to_host(self):
        return self.x


def arguments():
    """Yield all arguments of public callables that are arrays: entry, its name and the argument."""
    from fuzzing import _clean

    for path, entry in fuzz_examples.entries()[0].items():
        for name, value in _clean(entry).items():
            if kind(name, value) in ("array", "arrays", "integers", "labels"):
                yield entry, path, name


def result(entry, name=None, change=None):
    """Return the numbers of a call, without names, which some libraries have and others lack."""
    given = fuzz_examples.resolved(entry.arguments)
    if name is not None:
        given[name] = everywhere(change)(given[name])
    try:
        found = numbers(entry.run(**given))
    finally:
        pyplot.close("all")
    return {path: x for path, x in found.items() if "names" not in path}


def check_taken(change, left_out=()):
    """Try a change of all arguments; what they give has to be what NumPy's arrays give."""
    wrong, tried, clean = [], 0, {}
    for entry, path, name in arguments():
        if any((path.split(" ")[0].startswith(p), name) == (True, n) for p, n in left_out):
            continue
        with warnings.catch_warnings(), contextlib.suppress(ImportError):
            warnings.simplefilter("ignore")
            clean[path] = clean[path] if path in clean else result(entry)
            try:
                why = differs(result(entry, name, change), clean[path], rtol=1e-6)
            except (TypeError, ValueError, RuntimeError) as error:
                why = repr(error)
            tried += 1
            wrong += [f"{path} {name}: {why}"] if why else []
    assert not wrong, "\n".join(wrong)
    return tried


def check_refused(change, way):
    """Try a change of all arguments; the error has to be a TypeError that says what to do."""
    wrong, tried = [], 0
    for entry, path, name in arguments():
        if any(path.startswith(p) and name == n for p, n in COUNTED):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result(entry, name, change)
                why = "taken"
            except Exception as error:
                told = type(error) is TypeError and name in str(error) and way in str(error)
                why = "" if told or isinstance(error, ImportError) else repr(error)
        tried += 1
        wrong += [f"{path} {name}: {why}"] if why else []
    assert not wrong, "\n".join(wrong)
    return tried


def test_polars():
    polars = pytest.importorskip("polars")

    def change(x):
        return x if x.ndim > 2 else polars.DataFrame(x) if x.ndim == 2 else polars.Series(x)

    assert check_taken(change, WRITTEN) > 500


def test_xarray():
    xarray = pytest.importorskip("xarray")
    assert check_taken(xarray.DataArray, WRITTEN) > 500


def test_dlpack():
    assert check_taken(Capsule, COUNTED | WRITTEN) > 500


def test_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert check_taken(lambda x: torch.from_numpy(np.array(x)), WRITTEN) > 300


@pytest.mark.parametrize(
    ("tensor", "way"),
    [
        (OnGPU, ".detach().cpu().numpy()"),
        (WithGradient, ".detach().cpu().numpy()"),
        (OfCupy, ".get()"),
        (OfNumba, ".copy_to_host()"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_what_numpy_cannot_read(tensor, way):
    assert check_refused(tensor, way) > 500


def test_queries_that_were_not_made():
    polars = pytest.importorskip("polars")

    def query(x):
        return polars.DataFrame(x.reshape(len(x), -1)).lazy()

    assert check_refused(query, ".collect()") > 500


class Quantity(np.ndarray):
    """A stand-in for a quantity of Astropy."""

    unit = "mV"
    value = property(np.asarray)


class OfPint:
    """A stand-in for a quantity of Pint, which is no array of NumPy."""

    units = "millivolt"

    def __init__(self, x):
        self.magnitude = np.asarray(x)

    magnitude = None
    __array_function__ = __array_ufunc__ = None

    def __len__(self):
        return len(self.magnitude)

    def __getitem__(self, rows):
        return OfPint(self.magnitude[rows])


@pytest.mark.parametrize(
    ("make", "way"), [(lambda x: x.view(Quantity), ".value"), (OfPint, ".magnitude")]
)
def test_numbers_with_units(make, way):
    assert check_refused(make, way) > 500


def test_lists_of_numbers_with_units(X):
    for rows in ([*X.view(Quantity)], [OfPint(row) for row in X]):
        with pytest.raises(TypeError, match=r"X\[0\] must be numbers without a unit, got m"):
            as_matrix(rows, "X")
        with pytest.raises(TypeError, match="numbers without a unit"):
            pairwise_distances("procrustes", [X, rows], verbose=False)


def test_quantities_without_unit(X):
    class Ratio(Quantity):
        unit = ""

    assert_array_equal(as_matrix(X.view(Ratio), "X"), X)


def hide(x):
    """Return an array with a mask on one of its entries."""
    mask = np.zeros(x.shape, bool)
    mask.flat[x.size // 3] = x.size > 0
    return np.ma.array(x, mask=mask)


class OfAstropy(np.ndarray):
    """A stand-in for a masked array of Astropy, whose mask NumPy drops."""

    @classmethod
    def of(cls, x):
        found = np.array(x).view(cls)
        found._mask = np.ma.getmaskarray(hide(x))
        return found

    def __getitem__(self, key):
        found = super().__getitem__(key)
        if isinstance(found, OfAstropy):
            found._mask = self._mask[key]
        return found


@pytest.fixture(autouse=True)
def without_cluster():
    """Let Dask compute here, whatever cluster another test has left."""
    if find_spec("dask") is None:
        yield
        return
    import dask

    with dask.config.set(scheduler="synchronous"):
        yield


def of_dask(x):
    """Return a masked array of Dask, whose mask it drops if NumPy asks for its numbers."""
    array = pytest.importorskip("dask.array")
    return array.ma.masked_array(array.from_array(np.array(x)), np.ma.getmaskarray(hide(x)))


def outcome(entry, name, change):
    """Return the numbers of a call, or that it was refused."""
    try:
        return result(entry, name, change)
    except (TypeError, ValueError):
        return "refused"


@pytest.mark.long
@pytest.mark.parametrize("change", [of_dask, OfAstropy.of])
def test_masks_of_others_count_everywhere(change):
    """They hide what NumPy's hide, or are refused."""
    wrong, tried = [], 0
    for entry, path, name in arguments():
        if any(path.startswith(p) and name == n for p, n in WRITTEN):
            continue
        with warnings.catch_warnings(), contextlib.suppress(ImportError):
            warnings.simplefilter("ignore")
            tried += 1
            found = outcome(entry, name, change)
            if isinstance(found, str):
                continue
            want = outcome(entry, name, hide)
            if isinstance(want, str) or differs(found, want, rtol=1e-6):
                wrong.append(f"{path} {name}")
    assert wrong == []
    assert tried > 500


@pytest.mark.parametrize("change", [of_dask, OfAstropy.of])
def test_masks_of_others_count(X, change):
    hidden = change(X)
    assert_array_equal(np.asarray(hidden), X)  # NumPy drops it
    for x in (hidden,) if isinstance(hidden, np.ndarray) else (hidden, [*hidden]):
        assert_array_equal(rsa.rdm(x), rsa.rdm(hide(X)))
        with pytest.raises(ValueError, match=r"X must not be masked|X contains NaN"):
            LinearMetric().fit(x, X)
        with pytest.raises(ValueError, match="X must not have masked values"):
            unmasked(x, "X")
    with pytest.raises(ValueError, match=r"y must have a label for each sample.*y\[4\]"):
        as_labels(change(np.arange(12)), "y")


def test_masks_of_covariates(rng):
    array = pytest.importorskip("dask.array")
    D = pairwise_distances("procrustes", list(rng.standard_normal((5, 9, 3))), verbose=False)
    numbers, hidden = np.array([1, 2, 1, 2, 1]), [0, 1, 0, 0, 0]

    def colors(group):
        display = EmbeddingDisplay.from_distances(D, covariates={"group": group}, hue="group")
        found = [face for drawn in display.ax_.collections for face in drawn.get_facecolors()]
        pyplot.close("all")
        return np.array(found)

    want = colors(np.where(hidden, np.nan, numbers))
    for given in (
        np.ma.array(numbers, mask=hidden),
        array.ma.masked_array(array.from_array(numbers), np.array(hidden, bool)),
    ):
        assert_array_equal(colors(given), want)
    for missing in (pandas.array(["a", None, "a", "b", "b"], "string"), ["a", None, "a", "b", "b"]):
        with pytest.raises(
            ValueError, match=r"covariate 'group' must have a label for each.*\[1\]"
        ):
            colors(missing)


@pytest.fixture
def X(rng):
    return rng.standard_normal((12, 4))


def test_refusals_name_the_place(X):
    with pytest.raises(
        TypeError, match=r"^Xs\[1\]|^traindata\[1\] must be an array that NumPy can"
    ):
        pairwise_distances("procrustes", [X, OnGPU(X)], verbose=False)
    message = (
        r"traindata\['b'\] must .* OnGPU on cuda:0 \(can't convert .*\): pass traindata\['b'\]\.d"
    )
    with pytest.raises(TypeError, match=message):
        pairwise_distances("procrustes", {"a": X, "b": OnGPU(X)}, verbose=False)
    for held in ([OnGPU(row) for row in X], pandas.Series([OnGPU(X)]).iloc[0], OnGPU(X)):
        with pytest.raises(TypeError, match=r"X(\[0\])?\.detach\(\)\.cpu\(\)\.numpy\(\)"):
            LinearMetric().fit(held, X)


def test_tensors_of_types_that_numpy_lacks(X):
    class Brain(OnGPU):
        device, dtype = "cpu", "torch.bfloat16"
        refusal = TypeError("Got unsupported ScalarType BFloat16")

    with pytest.raises(TypeError, match=r"pass X\.detach\(\)\.cpu\(\)\.float\(\)\.numpy\(\)"):
        as_matrix(Brain(X), "X")


def test_tensors_that_no_way_is_known_of(X):
    class Traced:
        device = "somewhere"

        def __array__(self, dtype=None, copy=None):
            raise NotImplementedError("a tracer has no values")

    with pytest.raises(
        TypeError, match=r"X must .* Traced on somewhere \(a tracer has no values\)$"
    ):
        as_matrix(Traced(), "X")


def test_real_tensors_of_pytorch(X):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    tensor = torch.from_numpy(X)
    want = LinearCKA().fit_score(X, X**2)
    assert LinearCKA().fit_score(tensor, tensor**2) == want
    assert LinearCKA().fit_score(tensor.T.contiguous().T, tensor**2) == want
    for held in (tensor.clone().requires_grad_(), torch.nn.Parameter(tensor)):
        with pytest.raises(TypeError, match=r"Y\.detach\(\)\.cpu\(\)\.numpy\(\)"):
            LinearCKA().fit(X, held)
        assert LinearCKA().fit_score(X, (held**2).detach().cpu().numpy()) == want
    with pytest.raises(TypeError, match=r"X\.detach\(\)\.cpu\(\)\.float\(\)\.numpy\(\)"):
        LinearCKA().fit(tensor.bfloat16(), X)
    with pytest.raises(TypeError, match=r"Use Tensor\.to_dense\(\) first"):
        LinearCKA().fit(tensor.to_sparse(), X)
    with pytest.raises(TypeError, match=r"X must be an array that NumPy can read .* on meta"):
        LinearCKA().fit(tensor.to("meta"), X)


def test_annotated_data(X):
    class AnnData:
        obs_names = var_names = ()

        def __init__(self, x):
            self.X = x

    with pytest.raises(TypeError, match=r"data must be an array, got AnnData: pass data\.X"):
        rsa.rdm(AnnData(X))


def test_errors_have_the_name_of_the_argument(X):
    large = X.astype(object)
    large[1, 1] = 10**400
    for odd, message in (
        (X.astype(complex), "data: Complex data not supported"),
        (large, "data must hold numbers that float64 can"),
        ([[1.0, 2.0], [3.0]], "data: setting an array element with a sequence"),
        (pandas.DataFrame(X, columns=list("abca")), "data must have columns of different names"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            rsa.rdm(odd)
        with pytest.raises(ValueError, match=message.replace("data", "X", 1)):
            LinearMetric().fit(odd, X)


def test_columns_may_be_called_as_what_tensors_have(X):
    frame = pandas.DataFrame(X, columns=["device", "cpu", "get", "__dlpack__"])
    assert_array_equal(as_matrix(frame, "X"), X)
    mixed = frame.assign(device="GPU")
    with pytest.raises(ValueError, match="X must hold numbers, got 'GPU'"):
        as_matrix(mixed, "X")


def test_what_is_at_hand_comes_back_as_it_is(X):
    for given in (X, [X, X], (X,), {"a": X, "b": [X]}, [[1.0, 2.0]], {}, []):
        assert at_hand(given, "X") is given
    found = at_hand({"a": X, "b": [Capsule(X)]}, "X")
    assert found["a"] is X
    assert_array_equal(found["b"][0], X)


def test_what_is_on_disk_is_not_read_to_see_what_it_is(X):
    class Stored:
        shape, ndim, dtype = X.shape, 2, X.dtype
        reads = 0

        def __array__(self, dtype=None, copy=None):
            Stored.reads += 1
            return X

    assert_array_equal(as_matrix(Stored(), "X"), X)
    assert Stored.reads == 1


@pytest.mark.parametrize("library", ["polars", "xarray"])
def test_what_is_no_number(X, library):
    make = getattr(pytest.importorskip(library), {"polars": "DataFrame"}.get(library, "DataArray"))
    days = np.round(X).astype("datetime64[D]").astype("datetime64[ms]")
    for odd in (X.astype(str), X.astype(str).astype(object), days):
        with pytest.raises(ValueError, match="X must hold numbers, got"):
            LinearMetric().fit(make(odd), X)


def test_dates_beside_numbers():
    polars = pytest.importorskip("polars")
    days = polars.Series([1, 2, 3, 4]).cast(polars.Date)
    with pytest.raises(ValueError, match="X must hold numbers, got datetime64"):
        as_matrix(polars.DataFrame({"a": days, "b": [1.0, 2.0, 3.0, 4.0]}), "X")


def test_labels_of_polars():
    polars = pytest.importorskip("polars")
    for dtype in (polars.String, polars.Categorical):
        assert_array_equal(as_labels(polars.Series(["a", "b"], dtype=dtype), "y"), ["a", "b"])
    for missing in (polars.Series(["a", None]), polars.Series([1, None])):
        with pytest.raises(ValueError, match=r"y must have a label for each sample.*y\[1\]"):
            as_labels(missing, "y")


IMAGES = [f"image {k}" for k in range(12)]


@pytest.fixture
def assemblies(rng):
    """Return recordings of two areas, as Brain-Score has them."""
    xarray = pytest.importorskip("xarray")
    shown = [IMAGES, [k // 4 for k in range(12)]]
    presentation = pandas.MultiIndex.from_arrays(shown, names=["image_id", "category"])

    def record(area, n):
        sites = [[f"{area} {k}" for k in range(n)], [area] * n]
        neuroid = pandas.MultiIndex.from_arrays(sites, names=["neuroid_id", "region"])
        coords = {"presentation": presentation, "neuroid": neuroid}
        values = rng.standard_normal((12, n))
        return xarray.DataArray(values, coords, dims=("presentation", "neuroid"))

    return record("V4", 5), record("IT", 4)


def test_assemblies_are_their_numbers(assemblies):
    v4, it = assemblies
    for metric in (LinearMetric(), LinearCKA()):
        assert metric.fit_score(v4, it) == metric.fit_score(v4.to_numpy(), it.to_numpy())
    assert_array_equal(rsa.rdm(v4), rsa.rdm(v4.to_numpy()))
    labels = v4["category"]
    want = encoding.decode_labels(v4.values, labels.values, cv=2, n_permutations=9, random_state=0)
    found = encoding.decode_labels(v4, labels, cv=2, n_permutations=9, random_state=0)
    assert found.score == want.score
    model = encoding.EncodingModel(alphas=3, cv=3, outer_cv=3)
    assert_array_equal(model.fit(v4, it).score_, model.fit(v4.values, it.values).score_)


def test_assemblies_in_another_order(assemblies):
    v4, it = assemblies
    for call in (LinearMetric().fit, LinearCKA().fit_score, encoding.EncodingModel(cv=3).fit):
        with pytest.raises(ValueError, match=r"same samples .*\('image 0', 0\) and \('image 11'"):
            call(v4, it[::-1])
    with pytest.raises(ValueError, match=r"traindata\['V4'\] and traindata\['IT'\] must have the"):
        pairwise_distances("cka_angular", {"V4": v4, "IT": it[::-1]}, verbose=False)
    metric = LinearMetric().fit(v4, it)
    with pytest.raises(ValueError, match=r"feature names of Y .* column 0 is \('IT 3', 'IT'\)"):
        metric.score(v4, it[:, ::-1])
    assert metric.score(v4, it) == metric.score(v4.values, it.values)


def test_labels_in_another_order(assemblies):
    v4, it = assemblies
    frames = [x.to_pandas() for x in assemblies]
    labels, runs = v4["category"], frames[0].index.to_series().map(lambda label: label[1])
    model = encoding.EncodingModel(alphas=3, cv=3, outer_cv=3).fit(v4, it)
    options = {"n_permutations": 9, "random_state": 0}
    for call in (
        lambda: encoding.decode_labels(v4, labels[::-1], cv=2, n_permutations=9),
        lambda: encoding.EncodingModel(cv=3, outer_cv=3).fit(v4, it, runs[::-1]),
        lambda: encoding.partition_variance({"V4": v4}, it, groups=runs[::-1]),
        lambda: encoding.permutation_test(model, v4, it, strata=runs[::-1], **options),
        lambda: encoding.bootstrap_scores(model, it, groups=frames[1].index.to_series()[::-1]),
        lambda: rsa.RSA(conditions=labels[::-1]).fit(v4, it),
        lambda: pairwise_distances(rsa.RSA(conditions=runs[::-1]), frames, verbose=False),
    ):
        with pytest.raises(ValueError, match="must have the same samples in the same order"):
            call()
    assert rsa.RSA(conditions=labels).fit_score(v4, it) == rsa.RSA(
        conditions=labels.values
    ).fit_score(v4.values, it.values)


def test_assemblies_are_compared_by_the_levels_that_both_have(assemblies):
    v4, it = assemblies
    more = it.assign_coords(repetition=("presentation", [0] * 12))
    more = more.reset_index("presentation").set_index(presentation=["repetition", "image_id"])
    want = LinearMetric().fit_score(v4.values, it.values)
    assert LinearMetric().fit_score(v4, more) == want
    assert LinearMetric().fit_score(more, it) == LinearMetric().fit_score(it, it)
    with pytest.raises(ValueError, match="must have the same samples"):
        LinearMetric().fit_score(v4, more[::-1])
    frames = [x.to_pandas() for x in (v4, more)]
    assert LinearMetric().fit_score(*frames) == want
    with pytest.raises(ValueError, match="must have the same samples"):
        LinearMetric().fit_score(frames[0], frames[1][::-1])
    bare = it.drop_vars(["presentation", "image_id", "category"])
    assert LinearMetric().fit_score(v4, bare) == want  # nothing is known of its order


def test_assemblies_that_are_turned(assemblies):
    v4, it = assemblies
    for call in (
        lambda: rsa.rdm(v4.T),
        lambda: LinearMetric().fit(v4, it.T),
        lambda: pairwise_distances("cka", {"V4": v4, "IT": it.T}, verbose=False),
        lambda: encoding.EncodingModel(cv=3, outer_cv=3).fit(v4.T, it),
    ):
        with pytest.raises(ValueError, match=r"presentations before neuroids, .*\.transpose\('pre"):
            call()
    assert LinearMetric().fit_score(v4, it.T.transpose("presentation", ...)) > 0


def test_dimensions_in_another_order(X):
    xarray = pytest.importorskip("xarray")
    square = xarray.DataArray(X @ X.T, dims=("image", "unit"))
    want = LinearCKA().fit_score(square.values, square.values**2)
    assert LinearCKA().fit_score(square, square**2) == want
    site = (square**2).rename(unit="site")
    assert LinearCKA().fit_score(square, site) == want  # nothing is known of its axes
    for call in (
        lambda: LinearCKA().fit_score(square, square.T**2),
        lambda: pairwise_distances("cka", [square, square.T], verbose=False),
        lambda: encoding.EncodingModel(cv=3, outer_cv=3).fit(square, square.T),
    ):
        with pytest.raises(ValueError, match=r"the same axes, got dimensions \('image', 'unit'\)"):
            call()


def test_names_of_xarray_travel(assemblies):
    xarray = pytest.importorskip("xarray")
    v4, it = assemblies
    frames = {"V4": v4.to_pandas(), "IT": it.to_pandas()}
    want = compare_networks(frames, ["cka"], verbose=False).to_frame()
    sites = ["neuroid", "neuroid_id", "region"]
    both = {"V4": v4.drop_vars(sites), "IT": it.drop_vars(sites).rename(neuroid="site")}
    both = xarray.Dataset(both)
    found = compare_networks(both, ["cka"], verbose=False)
    pandas.testing.assert_frame_equal(found.to_frame(), want)
    stack = xarray.DataArray(
        np.stack([v4.values, v4.values**2]), {"layer": ["conv", "fc"]}, ("layer", "image", "unit")
    )
    table = compare_networks(stack, ["cka"], verbose=False).to_frame()
    assert table[["network_1", "network_2"]].to_numpy().tolist() == [["conv", "fc"]]
    models = xarray.DataArray(
        np.stack([rsa.rdm(v4), rsa.rdm(it)]), {"area": ["V4", "IT"]}, ("area", "pair")
    )
    table = rsa.evaluate(models, rsa.rdm(it)[None], resample=None).to_frame()
    assert table["model"].tolist() == ["V4", "IT"]


@pytest.mark.parametrize(
    "call",
    [
        lambda x, y: LinearMetric().fit(x, y),
        lambda x, y: get_measure("cka").fit_score(x, y),
        lambda x, y: pairwise_distances("cka", {"X": x, "Y": y}, verbose=False),
        lambda x, y: EncodingModel().fit({"X": x}, y),
    ],
)
@pytest.mark.parametrize("labels", [{}, {"image": IMAGES}])
def test_xarray_whose_axes_are_turned_is_refused(call, labels, rng):
    xarray = pytest.importorskip("xarray")
    x, y = (
        xarray.DataArray(rng.standard_normal((12, 12)), labels, ("image", "unit")) for _ in range(2)
    )
    call(x, y)
    call(x, y.rename(image="stimulus", unit="voxel").to_numpy())
    call(x, y.rename(unit="voxel"))
    with pytest.raises(ValueError, match=r"same axes, got dimensions .*: transpose one of them"):
        call(x, y.T)


def test_rows_of_xarray_that_only_count(X):
    xarray = pytest.importorskip("xarray")
    counted = xarray.DataArray(X, {"image": np.arange(12)}, ("image", "unit"))
    named = counted.assign_coords(image=IMAGES)
    want = LinearMetric().fit_score(X, X**2)
    for x, y in ((counted, named), (named, counted), (named, X), (X, counted)):
        assert LinearMetric().fit_score(x, y**2) == want


def test_inputs_are_not_written_to(X):
    xarray = pytest.importorskip("xarray")
    for make in (xarray.DataArray, Capsule):
        held = make(X)
        LinearMetric().fit(held, X)
        assert_array_equal(held.x if make is Capsule else held.values, X)
