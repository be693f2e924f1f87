"""From a file to its results: the same however the work was cut, and none of it lost."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from netrep_go.capacity import (
    DirectCapacity,
    JointCapacity,
    MeanFieldCapacity,
    TuningFile,
    analyze_mat,
    center_correlations,
    collect_mat,
    read_mat,
    shuffle_samples,
    write_mat,
)

pytest.importorskip("h5py", reason="h5py comes with netrep-go[mat]")

SETS, NEURONS, SAMPLES, OBJECTS = 3, 12, 6, 7
FAST = [MeanFieldCapacity(n_t=20, min_removed=1, max_removed=1, max_iter=10_000)]


@pytest.fixture
def prefix(tmp_path, rng):
    """Return the prefix of a file with missing neurons and samples."""
    centers = 2 * rng.standard_normal((SETS, NEURONS, 1, OBJECTS))
    responses = rng.standard_normal((SETS, NEURONS, SAMPLES, OBJECTS)) + centers
    responses[1, 9:] = np.nan
    responses[2, :, 4:, 3] = np.nan
    titles = ["pixels", "conv", "fc"]
    write_mat(tmp_path / "net_tuning.mat", {"tuning_function": responses, "data_titles": titles})
    return tmp_path / "net"


def count_fits(monkeypatch):
    """Return a list which grows with each set that is fitted, but not with rehearsals."""
    fitted = []
    original = MeanFieldCapacity.fit

    def fit(self, manifolds, y=None):
        if len(manifolds[0]) > 2:
            fitted.append(1)
        return original(self, manifolds, y)

    monkeypatch.setattr(MeanFieldCapacity, "fit", fit)
    return fitted


def assert_same(first, second):
    assert first.titles == second.titles
    assert first.variables.keys() == second.variables.keys()
    for name, value in first.variables.items():
        assert_array_equal(value, second.variables[name])


def test_results_are_those_of_the_estimator_under_matlab_s_names(prefix):
    analysis = analyze_mat(prefix, FAST)
    written = read_mat(f"{prefix}_lowrank_optimalK.mat")
    assert written["data_titles"] == analysis.titles == ["pixels", "conv", "fc"]
    variables = analysis.variables
    for name, value in variables.items():
        assert_array_equal(written[name], value)
    assert variables["theory_capacity_results"].shape == (SETS, 1)
    assert variables["mean_argmax_norm2_results"].shape == (SETS, 1, OBJECTS)
    assert_array_equal(variables["effective_n_results"], [[12], [9], [12]])
    n_tried = variables["AllKs"].shape[-1]
    assert variables["centers_norm_results"].shape == (SETS, n_tried, OBJECTS)
    for name in ("abs", "square"):
        assert variables[f"mean_{name}_correlations_results"].shape == (SETS, n_tried)
        assert variables[f"mean_{name}_corrcoef_results"].shape == (SETS, n_tried)
    for name in ("mean_half_width_results", "mean_half_width2_results"):
        assert variables[name].shape == (SETS, 1, OBJECTS)
        assert (variables[name] > 0).all()
    with TuningFile(f"{prefix}_tuning.mat") as tuning:
        for k, manifolds in enumerate(tuning):
            assert_allclose(
                variables["original_correlations_results"][k], center_correlations(manifolds)
            )
    centers = variables["residual_centers_results"][1]
    assert np.isnan(centers[9:]).all()  # as long as the largest set
    directions = variables["common_subspace_results"][1][:9]
    directions = directions[:, ~np.isnan(directions).all(axis=0)]
    assert directions.shape[1] == variables["best_K_results"][1, 0]
    assert_allclose(directions.T @ centers[:9], 0.0, atol=1e-10)
    per_object = variables["alphac_hat_results"]
    capacity = variables["theory_capacity_results"][:, 0]
    assert_allclose(1 / (1 / per_object).mean(axis=(1, 2)), capacity, rtol=1e-6)


def test_both_kinds_of_capacity(prefix, monkeypatch):
    analyze_mat(prefix, FAST, sets=[0, 1])
    fitted = count_fits(monkeypatch)
    direct = DirectCapacity("search", features="first", dichotomies="sparse")
    variables = analyze_mat(prefix, [*FAST, direct]).variables
    assert len(fitted) == 1  # the third set
    written = read_mat(f"{prefix}_capacity.mat")
    assert_array_equal(written["capacity_results"], variables["capacity_results"])
    separability = written["separability_results"]
    assert separability.shape == (SETS, NEURONS)
    assert np.isnan(separability[1, 9:]).all()
    with TuningFile(f"{prefix}_tuning.mat") as tuning:
        model = direct.fit(tuning[1])  # with all labelings and the first features: exact
    assert_array_equal(separability[1, model.n_tested_ - 1], model.separability_)
    assert variables["capacity_results"][1, 0] == model.n_critical_
    assert_allclose(variables["direct_capacity_results"], OBJECTS / variables["capacity_results"])


def test_default_estimators(prefix):
    pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    table = analyze_mat(prefix).to_frame()
    assert {"capacity", "direct_capacity", "radius", "center_correlation"} <= set(table)
    assert (table["direct_capacity"] > 0.3).all()


def test_table(prefix):
    pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    analysis = analyze_mat(prefix, FAST)
    table = analysis.to_frame()
    assert list(table["title"]) == ["pixels", "conv", "fc"]
    # README of dnn-object-manifolds: Rm = mean(sqrt(mean_argmax_norm2_results))
    squared = analysis.variables["mean_argmax_norm2_results"]
    assert_allclose(table["radius"], np.sqrt(squared).mean(axis=(1, 2)))
    assert_allclose(table["capacity"], analysis.variables["theory_capacity_results"][:, 0])
    assert (table["center_correlation"] > 0).all()


def test_batches_in_any_order_give_the_same(prefix, tmp_path):
    whole = analyze_mat(prefix, FAST)
    shutil.rmtree(tmp_path / "net_lowrank_optimalK_sets")
    assert analyze_mat(prefix, FAST, batch=(1, 2)) is None
    with pytest.raises(ValueError, match=r"has no results of sets \[0, 2\]"):
        collect_mat(prefix)
    assert analyze_mat(prefix, FAST, batch=(0, 2)) is None
    assert_same(collect_mat(prefix), whole)
    shutil.rmtree(tmp_path / "net_lowrank_optimalK_sets")
    for k in (2, 0, 1):
        assert analyze_mat(prefix, FAST, sets=[k]) is None
    assert_same(collect_mat(prefix), whole)


def test_an_interrupted_analysis_goes_on(prefix, monkeypatch):
    fitted = []
    original = MeanFieldCapacity.fit

    def fit(self, manifolds, y=None):
        if len(manifolds[0]) == 2:  # a rehearsal
            return original(self, manifolds, y)
        if len(fitted) == 2:
            fitted.append(None)
            raise KeyboardInterrupt
        fitted.append(len(manifolds))
        return original(self, manifolds, y)

    monkeypatch.setattr(MeanFieldCapacity, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        analyze_mat(prefix, FAST)
    resumed = analyze_mat(prefix, FAST)
    assert len(fitted) == 4  # two sets, an interrupt, the last set
    assert_same(analyze_mat(prefix, FAST), resumed)
    assert len(fitted) == 4


def test_other_options_are_not_mixed(prefix):
    analyze_mat(prefix, FAST, sets=[0])
    message = "has results of other options: n_t was 20, now 30; remove it to begin anew"
    with pytest.raises(ValueError, match=message):
        analyze_mat(prefix, [clone(FAST[0]).set_params(n_t=30)])
    with pytest.raises(ValueError, match="random_state was 0, now 1"):
        analyze_mat(prefix, FAST, random_state=1)
    analyze_mat(prefix, [clone(FAST[0]).set_params(n_jobs=1)], sets=[0])


def test_other_responses_are_not_mixed(prefix):
    analyze_mat(prefix, FAST, sets=[0])
    tuning = read_mat(f"{prefix}_tuning.mat")
    write_mat(f"{prefix}_tuning.mat", tuning)
    with pytest.raises(ValueError, match="tuning_file was"):
        analyze_mat(prefix, FAST)


def test_results_of_other_responses_are_not_collected(prefix, tmp_path):
    for k in range(2):
        analyze_mat(prefix, FAST, batch=(k, 2))
    path = tmp_path / "net_tuning.mat"
    whole = path.read_bytes()
    assert collect_mat(prefix).titles == ["pixels", "conv", "fc"]
    write_mat(path, read_mat(path) | {"data_titles": ["fc", "conv", "pixels"]})
    with pytest.raises(ValueError, match="tuning_file was"):
        collect_mat(prefix)
    path.write_bytes(whole)
    assert collect_mat(prefix).titles == ["pixels", "conv", "fc"]


def test_a_copy_goes_on_and_a_change_in_place_does_not(prefix, tmp_path, monkeypatch):
    path = tmp_path / "net_tuning.mat"
    analyze_mat(prefix, FAST, sets=[0, 1])
    copy = path.read_bytes()
    path.unlink()
    path.write_bytes(copy)  # with another date
    fitted = count_fits(monkeypatch)
    analyze_mat(prefix, FAST)
    assert len(fitted) == 1  # the third set
    before = path.stat()
    responses = read_mat(path)["tuning_function"]
    value = responses[0, 0, 0, 0].tobytes()
    path.write_bytes(copy.replace(value, (responses[0, 0, 0, 0] + 1).tobytes()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(ValueError, match=r"tuning_file was '.*', now '"):
        analyze_mat(prefix, FAST)


def test_a_killed_analysis_goes_on_and_leaves_nothing_behind(prefix, tmp_path):
    code = f"""
import os, signal, numpy as np
from netrep_go.capacity import MeanFieldCapacity, analyze_mat

save, saved = np.savez, []

def killed(file, **arrays):
    saved.append(1)
    if len(saved) < 2:
        return save(file, **arrays)
    file.write(b"half of the second part")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

np.savez = killed
estimator = MeanFieldCapacity(n_t=20, min_removed=1, max_removed=1, max_iter=10_000)
analyze_mat({str(prefix)!r}, [estimator])
"""
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, check=False, timeout=120).returncode == -signal.SIGKILL
    folder = tmp_path / "net_lowrank_optimalK_sets"
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 2
    assert names[0].startswith(".1.npz")
    resumed = analyze_mat(prefix, FAST)
    assert sorted(path.name for path in folder.iterdir()) == ["0.npz", "1.npz", "2.npz"]
    shutil.rmtree(folder)
    assert_same(analyze_mat(prefix, FAST), resumed)


def test_progress_and_threads(prefix, capsys):
    first = analyze_mat(prefix, FAST, n_jobs=1, verbose=True)
    assert "Analyzing sets: 100%" in capsys.readouterr().err
    assert_same(analyze_mat(prefix, FAST, n_jobs=2), first)  # which computes nothing again
    assert capsys.readouterr().err == ""


def test_seeds(prefix, tmp_path):
    first = analyze_mat(prefix, FAST)
    shutil.rmtree(tmp_path / "net_lowrank_optimalK_sets")
    assert_same(analyze_mat(prefix, FAST), first)
    shutil.rmtree(tmp_path / "net_lowrank_optimalK_sets")
    other = analyze_mat(prefix, FAST, random_state=1)
    name = "mean_argmax_norm2_results"
    assert (other.variables[name] != first.variables[name]).all()


def test_controls_change_the_responses_and_the_names(prefix):
    plain = analyze_mat(prefix, FAST)
    shuffled = analyze_mat(prefix, FAST, controls=["shuffle_samples"])
    name = "theory_capacity_results"
    assert_array_equal(
        read_mat(f"{prefix}_lowrank_optimalK_shuffle_samples.mat")[name], shuffled.variables[name]
    )
    assert (shuffled.variables[name] < plain.variables[name]).all()
    assert_same(collect_mat(prefix), plain)
    assert_same(collect_mat(prefix, controls=["shuffle_samples"]), shuffled)
    with TuningFile(f"{prefix}_tuning.mat") as tuning:
        lengths = sorted(map(len, shuffle_samples(tuning[2])))
    assert lengths == [4, 6, 6, 6, 6, 6, 6]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sets": [3]}, ValueError, "sets must be below 3, got 3"),
        ({"batch": (2, 2)}, ValueError, r"batch\[0\] must be below batch\[1\], got \(2, 2\)"),
        ({"controls": ["spin"]}, ValueError, r"controls must be among .*, got 'spin'"),
        (
            {"estimators": [object()]},
            TypeError,
            "estimators must be of MeanFieldCapacity, DirectCapacity",
        ),
        ({"random_state": None}, TypeError, "random_state must be an integer, got None"),
    ],
)
def test_bad_options_are_refused(prefix, options, error, message):
    with pytest.raises(error, match=message):
        analyze_mat(prefix, **options)


def test_no_results_and_no_file(prefix, tmp_path):
    with pytest.raises(FileNotFoundError, match="there are no results of analyze_mat for"):
        collect_mat(prefix)
    with pytest.raises(FileNotFoundError):
        analyze_mat(tmp_path / "other")


def test_one_bad_set_does_not_lose_the_others(prefix, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    whole = analyze_mat(prefix, FAST)
    shutil.rmtree(tmp_path / "net_lowrank_optimalK_sets")
    tuning = read_mat(f"{prefix}_tuning.mat")
    tuning["tuning_function"][1, :, :, 2] = np.nan
    write_mat(f"{prefix}_tuning.mat", tuning)
    reason = "object 2 of set 'conv' has no samples: all are NaN"
    with pytest.warns(UserWarning, match=f"set 'conv' has NaN in .*_optimalK.mat: {reason}"):
        analysis = analyze_mat(prefix, FAST)
    assert analysis.failures == ["", reason, ""]
    assert read_mat(f"{prefix}_lowrank_optimalK.mat")["failures"] == ["", reason, ""]
    for name, value in analysis.variables.items():
        assert np.isnan(value[1]).all()
        kept = tuple(slice(n) for n in value.shape[1:])
        assert_array_equal(value[[0, 2]], whole.variables[name][[0, 2]][(slice(None), *kept)])
    table = analysis.to_frame()
    assert list(table["failure"]) == ["", reason, ""]
    assert pandas.isna(table["capacity"]).tolist() == [False, True, False]
    assert pandas.isna(table["n_centers_removed"]).tolist() == [False, True, False]
    with pytest.warns(UserWarning, match=f"set 'conv' has NaN: {reason}"):
        assert_same(collect_mat(prefix), analysis)


def test_what_failed_is_tried_again(prefix, monkeypatch):
    original = MeanFieldCapacity.fit

    def fit(self, manifolds, y=None):
        if len(manifolds[3]) == 4:  # the third set
            raise np.linalg.LinAlgError("the moon is full")
        return original(self, manifolds, y)

    with monkeypatch.context() as patch:
        patch.setattr(MeanFieldCapacity, "fit", fit)
        with pytest.warns(UserWarning, match="set 'fc' has NaN .*: the moon is full"):
            assert analyze_mat(prefix, FAST).failures == ["", "", "the moon is full"]
    fitted = count_fits(monkeypatch)
    analysis = analyze_mat(prefix, FAST)
    assert len(fitted) == 1
    assert analysis.failures == ["", "", ""]
    assert np.isfinite(analysis.variables["theory_capacity_results"]).all()


def test_no_good_set_is_an_error(prefix):
    tuning = read_mat(f"{prefix}_tuning.mat")
    tuning["tuning_function"][:, :, :, 0] = np.nan
    write_mat(f"{prefix}_tuning.mat", tuning)
    message = "no set of .*_tuning.mat can be analyzed: object 0 of set 'pixels' has no samples"
    with (
        pytest.warns(UserWarning, match="has NaN in"),
        pytest.raises(ValueError, match=message),
    ):
        analyze_mat(prefix, FAST)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (MeanFieldCapacity([0.0, 1.0]), r"kappa must be one number, got \[0.0, 1.0\]"),
        (MeanFieldCapacity(np.nan), "kappa"),
        (MeanFieldCapacity(n_t=0), "n_t must be"),
        (MeanFieldCapacity(n_restarts=0), "n_restarts must be"),
        (MeanFieldCapacity(min_removed=6), "min_removed must be at most 5 for 7 manifolds, got 6"),
        (MeanFieldCapacity(search="best"), "search"),
        (DirectCapacity(tol=2.0), "tol must be"),
        (DirectCapacity(dichotomies=np.ones((2, 6))), "one column for each of the 7 manifolds"),
        (JointCapacity(dichotomies="odd"), "dichotomies"),
        (JointCapacity(dichotomies=np.zeros((2, 7))), "dichotomies must be 1 or -1, got 0"),
    ],
)
def test_bad_parameters_are_refused_before_anything_is_computed(
    prefix, monkeypatch, estimator, message
):
    fitted = count_fits(monkeypatch)
    with pytest.raises(ValueError, match=message):
        analyze_mat(prefix, {"good": FAST[0], "bad": estimator})
    assert fitted == []


def test_estimators_of_one_class_need_names(prefix, tmp_path):
    pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    wide = clone(FAST[0]).set_params(kappa=0.5)
    with pytest.raises(ValueError, match="several of MeanFieldCapacity: give them names, in a"):
        analyze_mat(prefix, [*FAST, wide])
    with pytest.raises(ValueError, match=r"names of estimators must be letters, .*, got 'a/b'"):
        analyze_mat(prefix, {"a/b": wide})
    both = analyze_mat(prefix, {"zero": FAST[0], "half": wide})
    alone = analyze_mat(prefix, FAST)
    capacity = both.variables["zero_theory_capacity_results"]
    assert_array_equal(capacity, alone.variables["theory_capacity_results"])
    assert (both.variables["half_theory_capacity_results"] < capacity).all()
    for name in ("zero", "half"):
        written = read_mat(f"{prefix}_lowrank_optimalK_{name}.mat")["theory_capacity_results"]
        assert_array_equal(written, both.variables[f"{name}_theory_capacity_results"])
    assert {"zero_capacity", "half_capacity_se"} <= set(both.to_frame())
    assert_same(collect_mat(prefix, names=["zero", "half"]), both)
    assert both.plot().names == ["zero", "half"]


def test_classes_and_the_option_of_their_name_are_told_apart(prefix, tmp_path):
    """The parameter `estimator` of MeanFieldCapacity is not its class."""
    analyze_mat(prefix, FAST, sets=[0])
    with pytest.raises(ValueError, match="estimator was 'count', now 'norm'"):
        analyze_mat(prefix, [clone(FAST[0]).set_params(estimator="norm")])
    with np.load(tmp_path / "net_lowrank_optimalK_sets" / "0.npz") as part:
        options = json.loads(part["options"].item())
    assert (options["class"], options["estimator"]) == ("MeanFieldCapacity", "count")


def test_joint_capacity(prefix):
    pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    analysis = analyze_mat(prefix, [JointCapacity(n_t=40)])
    written = read_mat(f"{prefix}_joint.mat")
    for k, (manifolds, capacity) in enumerate(
        zip(TuningFile(f"{prefix}_tuning.mat"), written["joint_capacity_results"], strict=True)
    ):
        seed = int(np.random.SeedSequence([0, k]).generate_state(1)[0]) % 2**31
        joint = JointCapacity(n_t=40, random_state=seed).fit(manifolds)
        assert capacity == joint.capacity_
        assert written["joint_radius_se_results"][k] == joint.radius_se_
    table = analysis.to_frame()
    assert_array_equal(table["joint_capacity"], written["joint_capacity_results"][:, 0])
    assert set(analysis.plot().values) == {"capacity", "radius", "dimension"}


def test_subsets_of_neurons(prefix):
    """Directions of all neurons, geometry in ten subsets, capacities by harmonic means."""
    tuning = read_mat(f"{prefix}_tuning.mat")
    tuning["tuning_function"][0, :4] = 0.0  # silent: 8 are left
    write_mat(f"{prefix}_tuning.mat", tuning)
    message = "set 'conv' has NaN .*: n_neurons is 10, but 9 neurons are not silent"
    with (
        pytest.warns(UserWarning, match="10, but 8 neurons"),
        pytest.warns(UserWarning, match=message),
    ):
        analyze_mat(prefix, FAST, n_neurons=10)
    analysis = analyze_mat(prefix, FAST, n_neurons=8)
    assert_same(collect_mat(prefix, n_neurons=8), analysis)
    found = read_mat(f"{prefix}_lowrank_optimalK_n8.mat")
    assert found["alphac_hat_results"].shape == (SETS, 10, OBJECTS)
    per_object = found["alphac_hat_results"]
    assert_allclose(
        found["theory_capacity_results"][:, 0], 1 / (1 / per_object).mean(axis=(1, 2)), rtol=1e-9
    )
    spread = (1 / per_object).mean(axis=2).std(axis=1, ddof=1) / np.sqrt(10)
    se = found["theory_capacity_se_results"][:, 0]
    assert_allclose(se, spread * found["theory_capacity_results"][:, 0] ** 2)
    whole = analyze_mat(prefix, FAST).variables
    for name in ("common_subspace_results", "best_K_results", "residual_centers_results"):
        assert_array_equal(found[name], whole[name])
    # the first set has 8 neurons with a signal: a subset is all of them, in another order
    spectral = found["spectral_dimension_results"][0]
    assert_allclose(spectral, np.repeat(whole["spectral_dimension_results"][0], 10, axis=0))
    assert np.ptp(found["spectral_dimension_results"][2], axis=0).min() > 0
    with pytest.raises(ValueError, match="n_neurons is not for DirectCapacity"):
        analyze_mat(prefix, [DirectCapacity()], n_neurons=8)
    with pytest.raises(ValueError, match="n_neurons must be at least 1, got 0"):
        analyze_mat(prefix, FAST, n_neurons=0)


def test_some_of_the_samples(prefix, tmp_path):
    with pytest.raises(ValueError, match="must divide the number of samples minus 1, 5, got 2"):
        analyze_mat(prefix, FAST, samples_jump=2)
    with pytest.raises(ValueError, match="samples_jump=0 needs a middle sample, got 6"):
        analyze_mat(prefix, FAST, samples_jump=0)
    tuning = read_mat(f"{prefix}_tuning.mat")
    responses = tuning["tuning_function"][:, :, :5]
    responses[2, :, 4, 3] = np.nan
    write_mat(f"{prefix}_tuning.mat", tuning | {"tuning_function": responses})
    with TuningFile(f"{prefix}_tuning.mat") as file:
        chosen = file.manifolds(2, 2)
        assert_array_equal(chosen[1], responses[2, :, ::2, 1].T)
        assert_array_equal(chosen[3], responses[2, :, :3:2, 3].T)
        assert_array_equal(file.manifolds(0, 0)[1], responses[0, :, 2:3, 1].T)
    found = analyze_mat(prefix, FAST, samples_jump=2)
    write_mat(
        tmp_path / "jump_tuning.mat", tuning | {"tuning_function": responses[:, :, [0, 2, 4]]}
    )
    assert_same(analyze_mat(tmp_path / "jump", FAST), found)
    assert_same(collect_mat(prefix, samples_jump=2), found)


def test_random_centers_at_equal_distances(prefix):
    """Option data_randomization = 4 of check_capacity."""
    controls = ["randomize_centers_equal_norms", "permute_axes"]
    found = analyze_mat(prefix, FAST, controls=controls)
    assert os.path.exists(f"{prefix}_lowrank_optimalK_{'_'.join(controls)}.mat")
    plain = analyze_mat(prefix, FAST, controls=["randomize_centers", "permute_axes"])
    radii = "spectral_radius_results"
    assert (found.variables[radii] != plain.variables[radii]).all()
    with pytest.raises(TypeError, match="controls must be a list of names, got 'permute_axes'"):
        analyze_mat(prefix, FAST, controls="permute_axes")
