"""Folds, designs and noise in time courses, against RDMs of each time one by one."""

import json
from pathlib import Path

import numpy as np
import pytest
from golden.make_rsatoolbox import movie, precision
from test_rsa_recordings import CODES, IN_ORDER, TIMES, epochs, evoked

from netrep_go.rsa import NoiseNormalizer, _time, _windows, compare, rdm, time_resolved

METHODS = ["shrinkage_diag", "shrinkage_eye", "diag", "full"]
GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("rsatoolbox.json").read_text())


@pytest.fixture
def study(rng):
    """Observations of 5 conditions in 4 runs, of which some are missing, and models."""
    conditions, folds = np.tile(np.arange(5), 8), np.repeat(np.arange(4), 10)
    kept = np.union1d(rng.permutation(40)[:31], np.arange(20))
    mixing = np.eye(6) + 0.4 * rng.standard_normal((6, 6))
    x = np.einsum("nst,sr->nrt", rng.standard_normal((len(kept), 6, 21)), mixing)
    x += rng.standard_normal((5, 6, 21))[conditions[kept]] + 3
    return x, np.array(list("cadbe"))[conditions[kept]], folds[kept], rng.random((2, 10))


def stacked(x, conditions):
    """Return samples as rows, and what tells conditions and samples apart."""
    n, p, t = x.shape
    labels = [f"{c} {s}" for c in conditions for s in range(t)]
    return np.moveaxis(x, 1, 2).reshape(n * t, p), labels


def whitened(x, precision):
    """Return responses to sensors, each sample whitened, as those of all samples in a row."""
    root = np.linalg.cholesky(precision)
    return np.einsum("nst,sr->ntr", x, root).reshape(len(x), -1)


@pytest.mark.parametrize("metric", ["crossnobis", "mahalanobis"])
@pytest.mark.parametrize("dof", [None, 25])
@pytest.mark.parametrize("method", METHODS)
def test_times_are_rdms_one_by_one(study, metric, dof, method):
    x, conditions, folds, models = study
    options = {"metric": metric, "conditions": conditions}
    options |= {"folds": folds} if metric == "crossnobis" else {}
    noise = NoiseNormalizer(method, dof=dof)
    found = time_resolved(x, models, method="pearson", noise=noise, **options)
    fits = [NoiseNormalizer(method, dof=dof).fit(x[..., t], conditions) for t in range(21)]
    for t, fit in enumerate(fits):
        want = compare(rdm(x[..., t], noise=fit, **options), models, "pearson")
        np.testing.assert_allclose(found.scores[0, :, t], want, atol=1e-10)
    np.testing.assert_allclose(found.shrinkage[0], [f.shrinkage_ for f in fits], atol=1e-12)
    assert not hasattr(noise, "dof_")


@pytest.mark.parametrize(
    ("metric", "method"),
    [*zip(["crossnobis", "mahalanobis"] * 2, METHODS, strict=True)],
)
@pytest.mark.parametrize(
    ("noise_from", "span"),
    [
        ("each", None),
        ("pooled", (0, 21)),
        ((-0.2, 0.0), (0, 5)),
        ((None, 0), (0, 5)),
        ([0.1, None], (6, 21)),
        ((None, None), (0, 21)),
        ((0.15, 0.15), (7, 8)),
    ],
)
@pytest.mark.parametrize(("window", "step"), [(1, 1), (3, 1), (4, 5), (21, 1)])
def test_noise_of_samples_whitens_each(study, metric, method, noise_from, span, window, step):
    x, conditions, folds, models = study
    times = np.linspace(-0.2, 0.8, 21)
    options = {"conditions": conditions} | ({"folds": folds} if metric == "crossnobis" else {})
    found = time_resolved(
        x,
        models,
        metric=metric,
        method="pearson",
        times=times,
        window=window,
        step=step,
        noise=NoiseNormalizer(method),
        noise_from=noise_from,
        **options,
    )
    starts = range(0, 22 - window, step)
    assert found.scores.shape == (1, 2, len(starts))
    for k, start in enumerate(starts):
        own = slice(start, start + window) if span is None else slice(*span)
        fit = NoiseNormalizer(method).fit(*stacked(x[..., own], conditions))
        white = whitened(x[..., start : start + window], fit.get_precision())
        want = rdm(white, "euclidean" if metric == "mahalanobis" else metric, **options)
        np.testing.assert_allclose(
            found.scores[0, :, k], compare(want, models, "pearson"), atol=1e-10
        )
        assert found.shrinkage[0, k] == pytest.approx(fit.shrinkage_, abs=1e-12)


@pytest.mark.parametrize(
    "metric", ["correlation", "sqeuclidean", "poisson", "crossnobis", "decoding"]
)
@pytest.mark.parametrize("window", [1, 4])
def test_observations_without_noise(study, metric, window):
    x, conditions, folds, models = study
    x = np.abs(x)
    folded = metric in ("crossnobis", "decoding")
    options = {"conditions": conditions} | ({"folds": folds} if folded else {})
    found = time_resolved(x, models, metric=metric, method="pearson", window=window, **options)
    for t in range(22 - window):
        responses = x[..., t : t + window].reshape(len(x), -1)
        want = compare(rdm(responses, metric, **options), models, "pearson")
        np.testing.assert_allclose(found.scores[0, :, t], want, atol=1e-10)
    assert found.shrinkage is None


@pytest.fixture
def recorded(monkeypatch):
    """The RDMs that are compared, in blocks."""
    blocks, real = [], _time.of_models

    def record(models, rdms, *args, **options):
        blocks.append(rdms)
        return real(models, rdms, *args, **options)

    monkeypatch.setattr(_time, "of_models", record)
    return blocks


@pytest.mark.parametrize("name", ["white", "precision"])
@pytest.mark.parametrize("order", "CF")
def test_rsatoolbox_movie(recorded, name, order):
    x, conditions, folds = movie()
    noise = precision(3) if name == "precision" else None
    design = {"conditions": conditions, "folds": folds, "noise": noise}
    time_resolved(np.array(x, order=order), np.arange(21.0), metric="crossnobis", **design)
    np.testing.assert_allclose(recorded[0], GOLDEN["movie"][name], rtol=1e-9)


@pytest.mark.parametrize("noise_from", ["each", "pooled"])
@pytest.mark.parametrize("window", [1, 3])
def test_blocks_and_threads_are_of_no_account(study, monkeypatch, recorded, noise_from, window):
    x, conditions, folds, models = study
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds, "window": window}
    options |= {"noise": NoiseNormalizer(), "noise_from": noise_from}
    want = time_resolved(x, models, n_jobs=1, **options)
    again = time_resolved(x, models, n_jobs=2, **options)
    np.testing.assert_array_equal(again.scores, want.scores)
    np.testing.assert_array_equal(again.shrinkage, want.shrinkage)
    monkeypatch.setattr(_windows, "_BLOCK", 40)
    found = time_resolved(x, models, n_jobs=2, **options)
    assert [len(block) for block in recorded[2:-1]] == [4] * (len(recorded) - 3)
    assert len(recorded) >= 7
    np.testing.assert_array_equal(np.concatenate(recorded[2:]), recorded[0])
    np.testing.assert_array_equal(found.shrinkage, want.shrinkage)
    np.testing.assert_allclose(found.scores, want.scores, atol=1e-14)
    x[:, 2, 9:] = 0.3
    with pytest.raises(ValueError, match=r"data\[9\], at 9: feature 2 has no noise: leave it out"):
        time_resolved(x, models, **options | {"noise_from": "each", "window": 1})


def test_progress_is_that_of_all_blocks(study, monkeypatch, capsys):
    x, conditions, folds, models = study
    monkeypatch.setattr(_windows, "_BLOCK", 40)
    time_resolved(x, models, metric="crossnobis", conditions=conditions, folds=folds, verbose=True)
    assert "21/21" in capsys.readouterr().err


# Subjects


@pytest.mark.parametrize("form", [list, lambda xs: dict(zip("ab", xs, strict=True))])
@pytest.mark.parametrize("noise", ["estimated", "given"])
def test_subjects_with_designs_of_their_own(study, rng, form, noise):
    x, conditions, folds, models = study
    order = rng.permutation(len(x))[:-1]
    order = order[np.argsort(order >= 20, kind="stable")]  # all conditions twice
    xs = [x, x[order][:, :4]]
    noises = [np.linalg.inv(np.cov(rng.standard_normal((p, 30)))) for p in (6, 4)]
    estimated = noise == "estimated"
    found = time_resolved(
        form(xs),
        models,
        metric="crossnobis",
        conditions=form([conditions, conditions[order]]),
        folds=form([folds, folds[order].astype(str)]),
        noise=NoiseNormalizer() if estimated else form(noises),
    )
    assert found.subjects == list(form(xs) if form is not list else range(2))
    for k, own in enumerate((np.arange(len(x)), order)):
        alone = time_resolved(
            xs[k],
            models,
            metric="crossnobis",
            conditions=conditions[own],
            folds=folds[own],
            noise=NoiseNormalizer() if estimated else noises[k],
        )
        np.testing.assert_allclose(found.scores[k], alone.scores[0], atol=1e-12)


def test_one_design_for_all_subjects(study, rng):
    x, conditions, folds, models = study
    other = rng.standard_normal(x.shape)
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds}
    found = time_resolved(np.stack([x, other]), models, noise=np.eye(6) * 2, **options)
    for k, own in enumerate((x, other)):
        alone = time_resolved(own, models, noise=np.eye(6), **options)
        np.testing.assert_allclose(found.scores[k], alone.scores[0], atol=1e-12)


def test_a_number_of_folds_cuts_each_condition_in_order(rng, recorded):
    conditions = rng.permutation(np.repeat(list("abcd"), [4, 6, 9, 5]))
    x = rng.standard_normal((24, 5, 3))
    time_resolved(x, np.arange(6.0), metric="crossnobis", conditions=conditions, folds=3)
    ours = _windows._assigned(np.unique(conditions, return_inverse=True)[1], 3, "folds", None)
    for c in "abcd":
        own = ours[conditions == c]
        assert (np.diff(own) >= 0).all()
        assert np.ptp(np.bincount(own, minlength=3)) <= 1
    want = [rdm(x[..., t], "crossnobis", conditions=conditions, folds=ours) for t in range(3)]
    np.testing.assert_allclose(recorded[0], want, atol=1e-12)


# Epochs and evoked responses


@pytest.fixture
def trials(rng):
    return rng.standard_normal((16, 5, 9))


def test_epochs_are_observations_of_their_events(trials, rng):
    models = rng.random((2, 6))
    folds = np.repeat(np.arange(4), 4)
    for noise in (None, NoiseNormalizer()):
        options = {"metric": "crossnobis", "noise": noise}
        options |= {"noise_from": (None, 0)} if noise else {}
        found = time_resolved(epochs(trials, bads=["A2"]), models, folds=folds, **options)
        want = time_resolved(
            np.delete(trials, 1, axis=1),
            models,
            times=TIMES,
            conditions=CODES,
            folds=folds,
            **options,
        )
        np.testing.assert_allclose(found.scores, want.scores, atol=1e-12)
        assigned = time_resolved(epochs(trials, bads=["A2"]), models, folds=4, **options)
        np.testing.assert_allclose(assigned.scores, want.scores, atol=1e-12)


def test_conditions_of_epochs_may_be_others(trials, rng):
    models, labels = rng.random((2, 6)), rng.permutation(np.repeat(list("wxyz"), 4))
    for options in ({}, {"metric": "crossnobis", "folds": 2}):
        found = time_resolved(
            [epochs(trials), epochs(trials[:12], CODES[:12] * 0 + 1)],
            models,
            conditions=[labels, np.repeat(list("wxyz"), 3)],
            **options,
        )
        want = time_resolved(trials, models, conditions=labels, **options)
        np.testing.assert_allclose(found.scores[0], want.scores[0], atol=1e-12)
    responses = [evoked(x, f"trial {k % 3}") for k, x in enumerate(trials)]
    found = time_resolved(responses, models, conditions=labels, metric="crossnobis", folds=2)
    np.testing.assert_allclose(found.scores, want.scores, atol=1e-12)


def test_names_of_events_are_those_of_models(trials):
    pandas = pytest.importorskip("pandas")
    square = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)) ** 3)
    model = pandas.DataFrame(square, IN_ORDER, IN_ORDER)
    course = time_resolved(epochs(trials), model, metric="crossnobis", folds=4)
    assert course.scores.shape == (1, 1, 9)
    turned = pandas.DataFrame(square, IN_ORDER[::-1], IN_ORDER[::-1])
    with pytest.raises(ValueError, match="must have the same conditions in the same order"):
        time_resolved(epochs(trials), turned, metric="crossnobis", folds=4)
    with pytest.raises(ValueError, match="'face' was not observed in two folds"):
        time_resolved(
            epochs(trials),
            model,
            metric="crossnobis",
            folds=np.where(CODES == 5, 0, np.repeat([0, 1], 8)),
        )


# What cannot be done


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "euclidean"}, "folds are for metric='crossnobis'"),
        ({"folds": None}, "crossnobis needs folds"),
        ({"folds": None, "metric": "mahalanobis"}, "mahalanobis needs noise"),
        ({"folds": None, "metric": "cosine", "noise": NoiseNormalizer()}, "noise is for 'mahal"),
        ({"folds": [0] * 5 + [1] * 7}, "condition 'f' was not observed in two folds"),
        ({"folds": 3}, "folds must be at most the number .*, got 3 and 2 of 'a'"),
        ({"folds": 1}, "folds must be at least 2, got 1"),
        ({"folds": [0, 1]}, r"folds must have shape \(12,\)"),
        ({"conditions": list("abcdef")}, r"conditions must have shape \(12,\)"),
        ({"conditions": list("abcdee") * 2}, "same conditions, got 5 and 6"),
        ({"conditions": None, "noise": NoiseNormalizer()}, "same conditions, got 12 and 6"),
        ({"noise": np.eye(3)}, "noise is of 3 features, but data have 4"),
        ({"noise": -np.eye(4)}, "noise must be positive definite"),
        ({"noise": [np.eye(4)] * 2}, "noise over time must be that of all folds"),
        ({"noise": NoiseNormalizer("l1")}, "method"),
        ({"noise": NoiseNormalizer(dof=0.5)}, "dof must be in"),
        ({"noise": NoiseNormalizer("full"), "data": np.ones((12, 9, 5))}, "feature 0 has no noise"),
        ({"noise_from": "pooled"}, "noise_from is for noise that is estimated"),
        ({"noise": np.eye(4), "noise_from": (0, 1)}, "noise_from is for noise that is estimated"),
        ({"noise": NoiseNormalizer(), "noise_from": "all"}, "noise_from must be 'each', 'pooled'"),
        ({"noise": NoiseNormalizer(), "noise_from": (9, 12)}, "got times from 0 to 4"),
        ({"noise": NoiseNormalizer(), "noise_from": (3, 1)}, "samples from 3 to 1"),
        ({"noise": NoiseNormalizer(), "noise_from": (np.nan, 1)}, "noise_from must be in"),
        (
            {"noise": NoiseNormalizer(), "noise_from": (0, 1), "times": [0, 1, 1, 2, 3]},
            "times must ascend",
        ),
    ],
)
def test_wrong_designs_and_noise(rng, change, message):
    arguments = {
        "data": rng.standard_normal((12, 4, 5)),
        "models": rng.random(15),
        "metric": "crossnobis",
        "conditions": list("abcdef") * 2,
        "folds": np.repeat([0, 1], 6),
    }
    with pytest.raises(ValueError, match=message):
        time_resolved(**arguments | change)


@pytest.mark.parametrize("noise_from", [(1,), (1, 2, 3), 3, None, ("a", "b"), (True, 2)])
def test_spans_of_other_types(rng, noise_from):
    with pytest.raises(TypeError, match="noise_from must be"):
        time_resolved(
            rng.standard_normal((12, 4, 5)),
            rng.random(15),
            metric="mahalanobis",
            conditions=list("abcdef") * 2,
            noise=NoiseNormalizer(),
            noise_from=noise_from,
        )


@pytest.mark.parametrize("noise_from", ["each", "pooled", (0, 3)])
def test_noise_without_an_inverse_says_what_shrinkage_did(study, noise_from):
    x, conditions, folds, models = study
    x[:, 3] = x[:, 0] - 2 * x[:, 1]
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds}
    options["noise_from"] = noise_from
    message = "subject 0, .*6 features has no inverse.*'full', of intensity 0; use 'shrinkage_diag'"
    with pytest.raises(ValueError, match=message):
        time_resolved(x, models, noise=NoiseNormalizer("full"), **options)
    assert (time_resolved(x, models, noise=NoiseNormalizer(), **options).shrinkage > 0).all()


@pytest.mark.parametrize("noise_from", ["each", "pooled", (5, 9)])
def test_missing_responses_and_silent_sensors_are_said(study, noise_from):
    x, conditions, folds, models = study
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds}
    options |= {"noise": NoiseNormalizer(), "noise_from": noise_from}
    holes = x.copy()
    holes[3, 2, 6] = np.nan
    with pytest.raises(ValueError, match=r"subject 0, .*NaN"):
        time_resolved(holes, models, **options)
    x[:, 4] = 0.1
    with pytest.raises(ValueError, match=r"subject 0, .*feature 4 has no noise"):
        time_resolved(x, models, **options)


def test_subjects_with_other_conditions_are_named(study):
    x, conditions, folds, models = study
    odd = np.where(conditions == "e", "z", conditions)
    with pytest.raises(ValueError, match=r"'e' is not in all of them, conditions\['s2'\] has"):
        time_resolved(
            {"s1": x, "s2": x},
            models,
            metric="crossnobis",
            conditions={"s1": conditions, "s2": odd},
            folds=folds,
        )
    with pytest.raises(ValueError, match="conditions has nothing for the data set 's2'"):
        time_resolved({"s1": x, "s2": x}, models, conditions={"s1": conditions})


@pytest.mark.parametrize("scale", [1e-140, 1e-60, 1e60, 1e140])
@pytest.mark.parametrize("noise_from", ["each", "pooled"])
@pytest.mark.parametrize("method", METHODS)
def test_units_of_sensors_do_not_count(study, scale, noise_from, method):
    x, conditions, folds, models = study
    units = np.full(6, scale) if method == "shrinkage_eye" else scale * np.logspace(-3, 3, 6)
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds}
    options |= {"noise": NoiseNormalizer(method), "noise_from": noise_from, "method": "pearson"}
    want = time_resolved(x, models, **options)
    found = time_resolved(x * units[:, np.newaxis], models, **options)
    np.testing.assert_allclose(found.scores, want.scores, atol=1e-9)
    np.testing.assert_allclose(found.shrinkage, want.shrinkage, atol=1e-9)


def test_a_common_offset_costs_no_digits(rng):
    conditions, folds = np.tile(np.arange(6), 4), np.repeat(np.arange(4), 6)
    x, models = rng.integers(-9, 9, (24, 5, 3)), rng.random(15)
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds}
    options |= {"noise": NoiseNormalizer("diag"), "method": "pearson"}
    want = time_resolved(x, models, **options).scores
    found = time_resolved(x + 2.0**40, models, **options).scores
    np.testing.assert_allclose(found, want, rtol=1e-12)


def test_noise_alone_resembles_no_model(rng):
    """Cross-validated distances of noise are 0 on average, whitened by noise of their own."""
    x = rng.standard_normal((40, 10, 300))
    options = {"conditions": np.tile(np.arange(5), 8), "folds": np.repeat(np.arange(8), 5)}
    options |= {"metric": "crossnobis", "noise": NoiseNormalizer()}
    with pytest.warns(UserWarning, match="above 0 in noise, .* method='cosine' sees their mean"):
        found = time_resolved(x, rng.random(10), method="cosine", **options).scores[0, 0]
    time_resolved(x[..., :9], rng.random(10), method="cosine", noise_from=(5, 8), **options)
    time_resolved(x[..., :9], rng.random(10), **options)  # a correlation does not see the mean
    assert abs(found.mean()) < 3.5 * found.std() / np.sqrt(300)
