"""Aligner on its own and inside scikit-learn's pipelines."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from netrep_go.metrics import Aligner, LinearCKA, LinearMetric, neg_distance_scorer

WIDTHS = [(5, 5), (4, 7), (7, 4), (6, 1)]


@pytest.mark.parametrize("center", [True, False])
def test_alpha_1_is_scipys_procrustes(rng, center):
    X, Y = rng.standard_normal((2, 40, 5)) + 1
    aligner = Aligner(center_columns=center).fit(X, Y)
    mx, my = (X.mean(axis=0), Y.mean(axis=0)) if center else (np.zeros(5),) * 2
    R, _ = orthogonal_procrustes(X - mx, Y - my)
    assert_allclose(aligner.coef_, R, atol=1e-12)
    assert_allclose(aligner.mean_, mx, atol=1e-15)
    assert_allclose(aligner.target_mean_, my, atol=1e-15)
    assert_allclose(aligner.transform(X), (X - mx) @ R + my, atol=1e-12)


@pytest.mark.parametrize(("p", "q"), WIDTHS)
def test_alpha_0_recovers_an_affine_map(rng, p, q):
    A, b = 7 * rng.standard_normal((p, q)), rng.standard_normal(q)
    X, X_test = rng.standard_normal((40, p)), rng.standard_normal((10, p))
    aligner = Aligner(alpha=0).fit(X, X @ A + b)
    assert_allclose(aligner.transform(X_test), X_test @ A + b, atol=1e-8)
    assert_allclose(aligner.coef_, A, atol=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("p", "q"), WIDTHS)
def test_shapes_and_means(rng, p, q, alpha):
    X, Y = rng.standard_normal((40, p)) + 2, rng.standard_normal((40, q)) - 5
    aligner = Aligner(alpha).fit(X, Y)
    Z = aligner.transform(X)
    assert Z.shape == (40, q)
    assert aligner.coef_.shape == (p, q)
    assert aligner.n_features_in_ == p
    assert_allclose(Z.mean(axis=0), Y.mean(axis=0), atol=1e-12)
    assert_allclose(Aligner(alpha).fit_transform(X, Y), Z, atol=1e-12)


def test_what_remains_is_the_distance(rng):
    X, Y = rng.standard_normal((2, 40, 5))
    left = np.linalg.norm(Aligner().fit_transform(X, Y) - Y)
    metric = LinearMetric(score_method="euclidean")
    assert left == pytest.approx(metric.fit_score(X, Y), rel=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_every_alpha_undoes_a_rotation(rng, alpha):
    X, Q = rng.standard_normal((40, 6)), np.linalg.qr(rng.standard_normal((6, 6)))[0]
    aligner = Aligner(alpha).fit(X, X @ Q + 1)
    assert_allclose(aligner.coef_, Q, atol=1e-12)


def test_a_vector_is_a_network_of_one_unit(rng):
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    column = Aligner(0.5).fit_transform(X, y[:, None])
    assert (Aligner(0.5).fit_transform(X, y) == column).all()
    assert column.shape == (40, 1)


def test_more_features_than_samples(rng):
    X, Q = rng.standard_normal((10, 30)), np.linalg.qr(rng.standard_normal((30, 30)))[0]
    aligner = Aligner().fit(X, X @ Q)
    assert_allclose(aligner.transform(X), X @ Q, atol=1e-12)
    assert np.linalg.matrix_rank(aligner.coef_) == 9


def test_pipeline(rng):
    latent = rng.standard_normal((80, 3))
    X, reference = (latent @ rng.standard_normal((3, p)) for p in (6, 8))
    y = latent @ [1.0, 2.0, 3.0]
    aligned = make_pipeline(Aligner(0.0), PCA(2)).fit_transform(X, reference)
    want = PCA(2).fit_transform(reference)
    assert_allclose(np.abs(aligned), np.abs(want), atol=1e-6)
    # A decoder of the reference network reads the aligned network.
    decoder = Ridge(1e-6).fit(reference, y)
    aligner = make_pipeline(PCA(3), Aligner(0.0)).fit(X[:40], reference[:40])
    assert decoder.score(aligner.transform(X[40:]), y[40:]) > 0.999
    assert cross_val_score(make_pipeline(Aligner(), Ridge()), X, reference).min() > 0.9


def test_grid_search_inside_a_pipeline(rng):
    X = rng.standard_normal((60, 4))
    Y = X @ rng.standard_normal((4, 4))
    grid = {"aligner__alpha": [0.0, 0.5, 1.0]}

    def negative_error(pipeline, X, Y):
        return -np.linalg.norm(pipeline.transform(X) - Y)

    search = GridSearchCV(make_pipeline(Aligner()), grid, scoring=negative_error)
    assert search.fit(X, Y).best_params_ == {"aligner__alpha": 0.0}


@pytest.mark.parametrize("q", [1, 3])
def test_score_is_the_r2_of_scikit_learn(rng, q):
    X, Y = rng.standard_normal((40, 4)), rng.standard_normal((40, q)) * [1, 10, 100][:q]
    aligner = Aligner(0.5).fit(X[:30], Y[:30])
    want = r2_score(Y[30:], aligner.transform(X[30:]))
    assert aligner.score(X[30:], Y[30:]) == want
    if q == 1:
        assert aligner.score(X[30:], Y[30:, 0]) == want
    assert (
        Aligner(0.0)
        .fit(X, X @ rng.standard_normal((4, q)))
        .score(X, X @ rng.standard_normal((4, q)))
        < 1
    )
    assert Aligner().fit(X, X + 1).score(X, X + 1) == pytest.approx(1)


def test_a_search_needs_no_scoring(rng):
    """Larger is better, unlike the distance of a metric."""
    X = rng.standard_normal((60, 4))
    Y = X @ rng.standard_normal((4, 4))
    search = GridSearchCV(
        make_pipeline(StandardScaler(), Aligner()), {"aligner__alpha": [1.0, 0.5, 0.0]}
    ).fit(X, Y)
    assert search.best_params_ == {"aligner__alpha": 0.0}
    assert search.best_score_ == pytest.approx(1)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_the_scorer_of_distances_refuses_what_is_none(rng):
    X, Y = rng.standard_normal((2, 30, 4))
    for aligner in (Aligner(), make_pipeline(StandardScaler(), Aligner())):
        with pytest.raises(ValueError, match=r"the score of Aligner is an R2.*leave scoring out"):
            neg_distance_scorer(aligner.fit(X, Y), X, Y)
    for other in (Ridge(), make_pipeline(Ridge()), make_pipeline(make_pipeline(Ridge()))):
        with pytest.raises(ValueError, match=r"nothing says that the measure Ridge\(\) is one"):
            neg_distance_scorer(other.fit(X, Y), X, Y)
    similarity = LinearCKA(score_method="cosine")
    with pytest.raises(ValueError, match="is a similarity"):
        neg_distance_scorer(make_pipeline(StandardScaler(), similarity).fit(X, Y), X, Y)


def test_the_scorer_takes_a_pipeline_that_ends_in_a_distance(rng):
    X, Y = rng.standard_normal((2, 30, 4))
    pipeline = make_pipeline(StandardScaler(), LinearMetric()).fit(X, Y)
    want = pipeline[-1].score(pipeline[0].transform(X), Y)
    assert neg_distance_scorer(pipeline, X, Y) == -want


def test_feature_names(rng):
    X, Y = rng.standard_normal((20, 3)), rng.standard_normal((20, 4))
    names = ["aligner0", "aligner1", "aligner2", "aligner3"]
    assert list(Aligner().fit(X, Y).get_feature_names_out()) == names


def test_pandas(rng):
    pandas = pytest.importorskip("pandas")
    X, Y = rng.standard_normal((20, 2)), rng.standard_normal((20, 3))
    frame = pandas.DataFrame(X, columns=["a", "b"], index=range(100, 120))
    aligner = Aligner().set_output(transform="pandas").fit(frame, Y)
    Z = aligner.transform(frame)
    assert list(Z.columns) == ["aligner0", "aligner1", "aligner2"]
    assert list(Z.index) == list(range(100, 120))
    assert_allclose(Z.to_numpy(), Aligner().fit_transform(X, Y), atol=1e-14)
    with pytest.raises(ValueError, match="feature names"):
        aligner.transform(frame.rename(columns={"a": "c"}))


def test_errors(rng):
    X, Y = rng.standard_normal((2, 20, 3))
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\], got 2"):
        Aligner(alpha=2).fit(X, Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Aligner().fit(X, Y[:-1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        Aligner().fit(X, None)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        Aligner().fit(X, np.where(Y > 1, np.nan, Y))
    with pytest.raises(ValueError, match="X has 2 features, but Aligner is expecting 3"):
        Aligner().fit(X, Y).transform(X[:, :2])
