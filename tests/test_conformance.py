"""The estimators against scikit-learn's own checks."""

import numpy as np
import pytest
from estimators import CAPACITY, IN_MATRICES, fast
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_array, check_is_fitted

from netrep_go.encoding import EncodingModel
from netrep_go.metrics import (
    Aligner,
    LinearCKA,
    LinearMetric,
    Measure,
    PermutationMetric,
    get_measure,
)
from netrep_go.rsa import FeatureReweighting, FeatureReweightingCV, NoiseNormalizer

INIT = "netrep's constructor refuses bad values and so does ours; fit checks as well"
PARTIAL = "partial_fit is netrep's: it prepares one network and takes no second one"
WIDTHS = "netrep's transform pads narrower activations with silent neurons"
ONE_D = "the second network has to be a matrix, and this check passes a vector"
UNFITTED = "nothing is fitted: score compares any two networks"
RESPONSES = "the responses are Y, as a second network is, and this check passes y by name"
PAIRS = "predictions are of pairs of conditions"
PAIR = "transform takes two networks; see OneSided"

WAIVED = {
    "check_do_not_raise_errors_in_init_or_set_params": INIT,
    "check_fit_score_takes_y": PARTIAL,
    "check_n_features_in_after_fitting": WIDTHS,
    "check_transformer_data_not_an_array": ONE_D,
    "check_transformer_general": ONE_D,
}
WAIVED_OF_PAIRS = WAIVED | dict.fromkeys(
    [
        "check_dict_unchanged",
        "check_dtype_object",
        "check_estimators_dtypes",
        "check_estimators_nan_inf",
        "check_estimators_pickle",
        "check_f_contiguous_array_estimator",
        "check_fit2d_predict1d",
        "check_fit_idempotent",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_transformers_unfitted",
    ],
    PAIR,
)


class OfConditions:
    """Makes feature reweighting take a number for each condition, not for each pair.

    The dissimilarity of two conditions is the squared difference of their numbers.
    """

    def fit(self, X, y):
        return super().fit(X, self.squares(y))

    def score(self, X, y):
        return super().score(X, self.squares(y))

    @staticmethod
    def squares(y):
        y = check_array(y, ensure_2d=False, input_name="y", dtype=np.float64)
        return np.subtract.outer(y, y) ** 2


class ReweightedConditions(OfConditions, FeatureReweighting):
    pass


class ReweightedConditionsCV(OfConditions, FeatureReweightingCV):
    pass


class OneSided:
    """Makes a metric also transform X alone, as a scikit-learn transformer.

    The checks that metrics cannot take, because they call transform(X), run on
    these.
    """

    def transform(self, X, Y=None):
        if Y is not None:
            return super().transform(X, Y)
        check_is_fitted(self, "mx_")
        return super().transform(X, np.zeros((np.shape(X)[0], 1)))[0]

    def fit_transform(self, X, Y):
        return self.fit(X, Y).transform(X)


class OneSidedLinear(OneSided, LinearMetric):
    pass


class OneSidedPermutation(OneSided, PermutationMetric):
    pass


def with_checks(*estimators, waived=None):
    """Parametrize a test with every check of every estimator.

    What is waived, with reasons, is the same for all or a function of the estimator.
    Up to scikit-learn 1.8 the checks come as a generator, which pytest deprecates.
    """
    mark = parametrize_with_checks(
        list(estimators),
        expected_failed_checks=waived if callable(waived) else lambda _: waived or {},
    )
    names, checks = mark.args
    return pytest.mark.parametrize(names, list(checks), **mark.kwargs)


@with_checks(Aligner(), Aligner(alpha=0.3, center_columns=False))
def test_aligner(estimator, check):
    check(estimator)


@with_checks(
    LinearMetric(alpha=0.3, score_method="euclidean"), PermutationMetric(), waived=WAIVED_OF_PAIRS
)
def test_metric(estimator, check):
    check(estimator)


@with_checks(OneSidedLinear(), OneSidedPermutation(), waived=WAIVED)
def test_one_side_of_metric(estimator, check):
    check(estimator)


NOTHING_FITTED = [
    measure for measure in map(get_measure, IN_MATRICES) if type(measure).fit is Measure.fit
]


def waived_of_measures(measure):
    """Return what is waived: refusals by constructors, of those that check there."""
    code = getattr(type(measure).__init__, "__code__", None)  # none if it has no parameters
    checks = code is not None and "_check_parameters" in code.co_names
    init = {"check_do_not_raise_errors_in_init_or_set_params": INIT} if checks else {}
    return init | {"check_n_features_in_after_fitting": UNFITTED}


@with_checks(
    *NOTHING_FITTED,
    LinearCKA(score_method="cosine", estimator="unbiased"),
    waived=waived_of_measures,
)
def test_measures_with_nothing_to_fit(estimator, check):
    check(estimator)


@with_checks(
    ReweightedConditions(),
    ReweightedConditionsCV(cv=2, random_state=0),
    waived={
        "check_fit2d_1sample": "the message asks for conditions, not samples",
        "check_methods_sample_order_invariance": PAIRS,
        "check_methods_subset_invariance": PAIRS,
    },
)
def test_feature_reweighting(estimator, check):
    check(estimator)


@with_checks(NoiseNormalizer())
def test_noise_normalizer(estimator, check):
    check(estimator)


ONE_SAMPLE = "one sample is one manifold, which the message says"


@with_checks(*(fast(cls) for cls in CAPACITY), waived={"check_fit2d_1sample": ONE_SAMPLE})
@pytest.mark.filterwarnings("ignore:only .* of the dichotomies are separable:UserWarning")
def test_capacity(estimator, check):
    check(estimator)


@with_checks(
    EncodingModel(cv=2, outer_cv=None),
    EncodingModel("ols", cv=2, outer_cv=2),
    waived={"check_n_features_in_after_fitting": RESPONSES},
)
@pytest.mark.filterwarnings("ignore:.* of Y are constant:UserWarning")
def test_encoding_model(estimator, check):
    check(estimator)


def test_tags():
    for estimator in (Aligner(), LinearCKA(), LinearMetric(), PermutationMetric()):
        tags = estimator.__sklearn_tags__()
        assert tags.target_tags.required
        assert (tags.transformer_tags is not None) == hasattr(estimator, "transform")
        assert not tags.input_tags.allow_nan
        assert not tags.non_deterministic
