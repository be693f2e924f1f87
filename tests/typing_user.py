"""Calls as a user writes them: tests/test_typing.py has mypy check them, nothing runs them."""

from typing import Any, assert_type

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold

from netrep_go.capacity import DirectCapacity, JointCapacity, MeanFieldCapacity
from netrep_go.covariates import mantel, permanova
from netrep_go.datasets import affine_manifolds, digits_networks
from netrep_go.embedding import EuclideanEmbedding, medoids
from netrep_go.encoding import (
    EncodingModel,
    StreamedPCA,
    best_layers,
    bootstrap_scores,
    compare_encoding,
    compression_cost,
    decode_features,
    decode_labels,
    decode_times,
    encode_times,
    explainable_variance,
    generalize_times,
    identify,
    normalize_scores,
    split_half_reliability,
)
from netrep_go.encoding import partition_variance as partition_responses
from netrep_go.encoding import permutation_test as permute_responses
from netrep_go.extract import ActivationStore, activations, recommended_layers
from netrep_go.metrics import (
    Aligner,
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    GPStochasticMetric,
    LinearCKA,
    LinearMetric,
    PermutationMetric,
    get_measure,
    measures,
    neg_distance_scorer,
)
from netrep_go.multiset import (
    cross_distances,
    frechet_mean,
    pairwise_distances,
    procrustes_kmeans,
)
from netrep_go.plotting import DendrogramDisplay, DistanceMatrixDisplay, EmbeddingDisplay
from netrep_go.rsa import (
    cluster_test,
    compare,
    compare_models,
    decoding_rdm,
    evaluate,
    evaluate_layers,
    noise_ceiling,
    partition_variance,
    permutation_test,
    rdm,
    reweight,
    reweight_features,
    searchlight,
    time_resolved,
)
from netrep_go.utils import rand_orth

X: np.ndarray = np.ones((10, 3))
NETWORKS: list[np.ndarray] = [X, X]
NAMED: dict[str, np.ndarray] = {"a": X, "b": X}


def metrics() -> None:
    """Fit and score."""
    linear = LinearMetric(alpha=0.5, score_method="euclidean").fit(X, X)
    assert_type(linear, LinearMetric)
    assert_type(linear.score(X, X), float)
    aligned_x, aligned_y = linear.transform(X, X)
    print(aligned_x.shape, aligned_y.mean(axis=0))
    PermutationMetric().fit_score(X, X.tolist())
    LinearCKA(center_columns=False).fit_score(X, X)
    pair = (X, np.ones((10, 3, 3)))
    GaussianStochasticMetric(1.0, group="perm").fit_score(pair, pair)
    GPStochasticMetric(3, random_state=np.random.default_rng(0)).fit(pair, pair)
    EnergyStochasticMetric(niter=10).fit(np.ones((4, 5, 3)), np.ones((4, 5, 3)))
    Aligner(alpha=1.0).fit(X, y=X).transform(X)
    print(neg_distance_scorer(linear, X, X))
    for name, properties in measures().properties.items():
        print(name, properties.triangle, get_measure(name).fit_score(X, X))
    print(measures().to_frame())


def sets() -> None:
    """Compare sets of networks."""
    D = pairwise_distances(LinearMetric(), np.stack(NETWORKS), verbose=False, n_jobs=2)
    train, test = pairwise_distances(LinearMetric(), NETWORKS, testdata=NETWORKS)
    print(train.shape, test.T, LinearMetric().pairwise_distances(NETWORKS, NETWORKS)[0].max())
    cross_distances("procrustes", NETWORKS, NETWORKS)
    pairwise_distances(lambda X, Y: float(abs(X - Y).sum()), NETWORKS)
    print(frechet_mean(NETWORKS, group="orth", random_state=0))
    centroids, labels, distances = procrustes_kmeans(NETWORKS, 2, random_state=0)
    print(centroids[0].shape, labels.max(), distances.min())
    print(D.mean(), EuclideanEmbedding(n_components=2).fit_transform(D), medoids(D, y=["a", "b"]))


def named_sets() -> None:
    """Compare networks that have names."""
    D = pairwise_distances(LinearMetric(), NAMED, verbose=False)
    heatmap = DistanceMatrixDisplay.from_distances(D, names=NAMED, cluster=True)
    print(heatmap.im_, heatmap.ax_.get_title(), heatmap.figure_.axes)
    framed = pd.DataFrame(D, list(NAMED), list(NAMED))
    DendrogramDisplay.from_distances(framed, covariates={"depth": [1, 2]}, hue="depth")
    EmbeddingDisplay.from_distances(framed, names=framed.index).plot()


def dissimilarities() -> None:
    """Compare RDMs."""
    measured = rdm(X)
    print(compare(measured, rdm(X * 2)))
    models = {"first": measured, "second": measured}
    evaluation = evaluate(models, [measured, measured], random_state=np.random.default_rng(0))
    print(evaluation.mean, evaluation.to_frame(), evaluation.pvalue_zero.min(), evaluation.plot())
    print(
        compare_models(evaluation).pvalue_corrected.max(), noise_ceiling([measured, measured]).lower
    )
    print(permutation_test(models, measured, alternative="less").null_distribution.shape)
    print(
        reweight(models, measured, cv=3).weights.T, partition_variance(models, measured).part_names
    )
    print(searchlight(X, models, neighbors=[[0, 1], [1, 2]]).to_volume("first"))
    course = time_resolved(np.ones((10, 3, 4)), models, names=None, noise_from=(None, 0.5))
    print(cluster_test(course.scores[:, 0], popmean=0.1).significant(0.01).any())
    print(evaluate_layers(NAMED, measured, training=NAMED, y=[0, 1] * 5).bars()[0][2].mean())
    print(reweight_features(X, measured).score, decoding_rdm(NAMED, [0, 1] * 5, cv=[0] * 10).shape)


def encoding() -> None:
    """Predict responses."""
    model = EncodingModel("ridge", alphas=[1.0, 10.0], cv=3, scoring="r").fit(NAMED, X)
    assert_type(model, EncodingModel)
    print(model.predict(NAMED).T, model.score(NAMED, X), model.scores_.mean())
    print(permute_responses(model, NAMED, X, random_state=0).pvalue_max.min())
    print(bootstrap_scores(model, X).to_frame(), compare_encoding(model).pairs)
    print(best_layers(model).plot(), partition_responses(NAMED, X, model=model).unique.T)
    ceiling = explainable_variance(np.ones((2, 10, 3))) + split_half_reliability([X, X])
    print(normalize_scores(model.score_, ceiling, scoring="r"))
    print(compression_cost(50_000, 800_000, 1000))


def decoding() -> None:
    """Predict labels and features from responses, at each time."""
    labels = [0, 1] * 5
    print(decode_labels(X, labels, cv=3, groups=np.arange(10)).to_frame())
    features = decode_features(X, X, cv=KFold(2), n_permutations=9, random_state=0)
    print(features.to_frame(), identify(X, X, n_way=3).to_frame())
    data = np.ones((10, 3, 4))
    print(encode_times(X, data, times=[0.0, 0.1, 0.2, 0.3]).to_frame(), encode_times(NAMED, data))
    print(decode_times(data, labels, cv=2, window=2).plot())
    print(generalize_times({"s1": data}, labels, n_jobs=2).plot())


def tests_of_covariates() -> None:
    """Relate distances to what is known of networks."""
    D = np.zeros((4, 4))
    print(mantel(D, D, alternative="greater").pvalue, permanova(D, list("aabb")).null_distribution)


def manifolds() -> None:
    """Measure capacity."""
    y = np.repeat([0, 1], 5)
    mean_field = MeanFieldCapacity(random_state=0).fit(X, y)
    assert_type(mean_field, MeanFieldCapacity)
    print(mean_field.capacity_, mean_field.to_frame())
    DirectCapacity(n_t=100).fit([X, X])
    JointCapacity(random_state=np.random.default_rng(0)).fit(X, y)


def data() -> None:
    """Make networks and manifolds."""
    digits = digits_networks((16,), (1,), n_seeds=1, random_state=np.random.RandomState(0))
    images: Any = digits.images
    affine_manifolds(images[:2], "rotation", range_factor=2.0)
    print(rand_orth(3, random_state=0) @ X.T)


def features() -> None:
    """Write activations to the disk and compress them."""
    chosen = recommended_layers("alexnet.onnx", variant="conv")
    assert_type(activations("alexnet.onnx", X, chosen), dict[str, np.ndarray])
    stored = activations("alexnet.onnx", (batch for batch in [X]), store="activations.h5")
    assert_type(stored, ActivationStore)
    assert_type(StreamedPCA(10).fit(stored["conv1"]).transform(X), np.ndarray)
