"""Results of capacity: tuples that are shown in a line, as tables and as pictures."""

import inspect
import pickle

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from netrep_go.capacity import (
    CenterDirections,
    ConeProjection,
    DirectCapacity,
    JointCapacity,
    ManifoldGeometry,
    MatAnalysis,
    MeanFieldCapacity,
    Separation,
    find_center_directions,
    project_on_cone,
    separate,
)
from netrep_go.plotting import (
    CapacityDisplay,
    CenterDirectionsDisplay,
    ManifoldGeometryDisplay,
    SeparabilityDisplay,
)

pytestmark = pytest.mark.usefixtures("closed_figures")

matplotlib.use("Agg")

RESULTS = [CenterDirections, ConeProjection, ManifoldGeometry, MatAnalysis, Separation]


@pytest.fixture
def X(rng):
    return 2 * rng.standard_normal((12, 1, 40)) + rng.standard_normal((12, 30, 40))


@pytest.fixture
def results(X):
    """Return a result of each class that is a tuple."""
    found = [
        find_center_directions(X, n_restarts=1, random_state=0),
        project_on_cone(X[0], X[1]),
        MeanFieldCapacity([0.0, 0.5], n_t=20, random_state=0).fit(X).manifolds_,
        separate(X[:2].reshape(60, 40), np.repeat([0, 1], 30)),
    ]
    return {type(each): each for each in found}


@pytest.mark.parametrize("kind", RESULTS)
def test_signatures_are_of_types(kind):
    parameters = inspect.signature(kind).parameters
    assert not any(isinstance(each.annotation, str) for each in parameters.values())
    assert "ForwardRef" not in str(inspect.signature(kind))


def test_results_are_tuples_in_a_line(results):
    for kind, result in results.items():
        first, *rest = result
        assert first is getattr(result, result._fields[0])
        assert len(rest) == len(result._fields) - 1
        assert repr(result).startswith(f"{kind.__name__}(")
        assert len(repr(result)) < 600
        assert repr(result).count("\n") == 0
        again = pickle.loads(pickle.dumps(result))
        assert type(again) is kind
        for a, b in zip(again, result, strict=True):
            assert_array_equal(a, b)


def test_tables(results, X):
    pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    for result in results.values():
        assert "<table" in result._repr_html_()
    directions = results[CenterDirections].to_frame()
    assert_array_equal(directions["correlation"], results[CenterDirections].correlation)
    assert list(directions["n_removed"]) == list(range(len(directions)))
    projections = results[ConeProjection].to_frame()
    assert list(projections) == ["squared_norm", "n_active", "violation"]
    assert_array_equal(projections["n_active"], results[ConeProjection].n_active)
    geometry = results[ManifoldGeometry].to_frame()
    assert_array_equal(geometry["radius"], np.ravel(results[ManifoldGeometry].radius))
    points = results[Separation].to_frame()
    assert_array_equal(np.flatnonzero(points["support"]), results[Separation].support)
    assert_array_equal(points["weight"], results[Separation].weights)


def test_tables_of_estimators(X):
    pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    direct = DirectCapacity(n_t=50, random_state=0).fit(X)
    table = direct.to_frame()
    assert_array_equal(table["n_features"], direct.n_tested_)
    assert_array_equal(table["separability"], direct.separability_)
    assert_array_equal(table[["low", "high"]].T, direct.separability_band_)
    joint = JointCapacity(n_t=20, random_state=0).fit(X)
    table = joint.to_frame()
    assert len(table) == 1
    assert len(table.columns) == 12
    for name in table:
        assert table[name][0] == getattr(joint, f"{name}_")
    for estimator in (DirectCapacity(), JointCapacity()):
        with pytest.raises(NotFittedError):
            estimator.to_frame()


def test_picture_of_directions(results):
    found = results[CenterDirections]
    display = found.plot()
    assert isinstance(display, CenterDirectionsDisplay)
    display.figure_.canvas.draw()
    correlation, stability, chosen = display.ax_.lines
    assert_array_equal(correlation.get_ydata(), found.correlation)
    assert_array_equal(stability.get_ydata(), found.stability)
    assert_array_equal(chosen.get_xdata(), found.n_removed)
    _, ax = plt.subplots()
    assert found.plot(ax=ax).ax_ is ax


def test_picture_of_a_curve(X):
    model = DirectCapacity(n_t=50, random_state=0).fit(X)
    display = model.plot()
    assert isinstance(display, SeparabilityDisplay)
    display.figure_.canvas.draw()
    curve, critical, _ = display.ax_.lines
    assert_array_equal(curve.get_xdata(), model.n_tested_)
    assert_array_equal(curve.get_ydata(), model.separability_)
    assert_array_equal(critical.get_xdata(), model.n_critical_)
    with pytest.raises(NotFittedError):
        DirectCapacity().plot()


def test_picture_of_manifolds(X):
    model = MeanFieldCapacity([0.0, 0.5], n_t=20, random_state=0).fit(X)
    display = model.plot()
    assert isinstance(display, ManifoldGeometryDisplay)
    display.figure_.canvas.draw()
    for panel, name in zip(display.axes_, ("capacity", "radius", "dimension"), strict=True):
        assert panel.get_title() == name
        drawn = [container[0].get_ydata() for container in panel.containers]
        assert_array_equal(drawn, getattr(model.manifolds_, name))
    legend = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert legend == ["margin 0", "margin 0.5"]
    one = MeanFieldCapacity(n_t=20, random_state=0).fit(X).plot()
    assert one.axes_[0].get_legend() is None
    with pytest.raises(ValueError, match="ax must be 3 axes"):
        model.plot(ax=[plt.gca()])
    many = MeanFieldCapacity(np.arange(11.0), n_t=2, n_restarts=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match="at most 10 margins can be drawn, got 11"):
        many.plot()


def test_other_estimators_are_refused_and_markers_have_space():
    X = list(np.random.default_rng(0).standard_normal((4, 5, 20)))
    with pytest.raises(TypeError, match="DirectCapacity or JointCapacity, got PCA"):
        CapacityDisplay.from_estimators({"fc": PCA().fit(X[0])})
    model = MeanFieldCapacity(n_t=20, random_state=0).fit(X)
    for display in (model.plot(), CapacityDisplay.from_estimators({"a": model, "b": model})):
        for panel in display.axes_:
            low, high = panel.get_ylim()
            assert low == 0
            assert high >= 1.03 * panel.dataLim.y1 > 0


def test_picture_of_a_file():
    titles = ["pixels", "fc"]
    direct = {
        "direct_capacity_results": np.array([[1.0], [2.0]]),
        "direct_capacity_se_results": np.array([[0.1], [0.2]]),
    }
    display = MatAnalysis(titles, direct).plot()
    assert isinstance(display, CapacityDisplay)
    display.figure_.canvas.draw()
    assert [panel.get_title() for panel in display.axes_] == ["capacity"]
    assert [text.get_text() for text in display.axes_[0].get_xticklabels()] == titles
    theory = {
        "theory_capacity_results": np.array([[3.0], [4.0]]),
        "theory_capacity_se_results": np.array([[0.1], [0.2]]),
        "original_correlations_results": np.array([[[1, 0.5], [0.5, 1]], [[1, -0.2], [-0.2, 1]]]),
    }
    analysis = MatAnalysis(titles, direct | theory)
    display = analysis.plot()
    display.figure_.canvas.draw()
    assert [panel.get_title() for panel in display.axes_] == ["capacity", "center correlation"]
    assert_array_equal(display.values["capacity"], [[3, 4]])
    assert_array_equal(display.values["center_correlation"], [[0.5, 0.2]])
    assert repr(analysis) == "MatAnalysis(titles=['pixels', 'fc'], variables=<dict of 5>)"
