"""Names of other packages stand for measures that give the values of these packages."""

import json
import math
from pathlib import Path

import pytest
from golden.make_similarity_repository import pairs

from netrep_go.metrics import get_measure, measures
from netrep_go.metrics._registry import _ALIASES

GOLDEN = json.loads(
    Path(__file__).with_name("golden").joinpath("similarity_repository.json").read_text()
)
WHERE = {"ReSi": "resi/", "platonic-rep": "platonic/", "similarity-repository": ""}
OTHERWISE = {"RSA": "resi/RSA_correlation_spearman"}


def theirs(alias):
    """Return the key of the values of a name, None if there are none."""
    key = OTHERWISE.get(alias, WHERE.get(_ALIASES[alias].package, "") + alias)
    return key if key in GOLDEN else None


KNOWN = [alias for alias in _ALIASES if theirs(alias)]


def tolerance(key):
    """Return how close values are: platonic-rep's are in single precision."""
    if "platonic" in key:
        return {"rel": 1e-5, "abs": 1e-6}
    # square roots of eigenvalues that are 0 but for rounding; a constant beside a norm
    return {"rel": 1e-7 if "bures" in key or "/rtd/" in key else 1e-9}


# Samples of many features are so far apart that others return rounding, or no similarity at all.
@pytest.mark.filterwarnings("ignore:the value is NaN", "ignore:.+all samples are so far apart")
@pytest.mark.parametrize("alias", KNOWN)
def test_values_of_names(alias):
    measure, key = get_measure(alias), theirs(alias)
    values = [measure.fit_score(*pair) for pair in pairs()]
    assert sum(map(math.isnan, values)) <= ("rbf" in alias)
    for value, found in zip(GOLDEN[key], values, strict=True):
        assert math.isnan(found) or found == pytest.approx(value, **tolerance(key))


def test_most_names_were_run():
    assert len(KNOWN) > 60
    untried = {alias for alias in _ALIASES if not theirs(alias) and alias.startswith("measure/")}
    assert not untried


@pytest.mark.parametrize("alias", _ALIASES)
def test_names_stand_for_entries(alias):
    assert _ALIASES[alias].name in measures()
    assert (
        type(get_measure(alias)).__name__
        == (measures().to_frame().loc[_ALIASES[alias].name, "class"])
    )


def test_names_of_other_values_are_unknown():
    for name in ("PWCCA", "SVCCA", "measure/llm_repsim/rsa-rdm=correlation-compare=pearson"):
        with pytest.raises(ValueError, match=f"name == {name!r}"):
            get_measure(name)


def test_the_table_tells_them():
    elsewhere = measures().to_frame()["elsewhere"]
    assert "cka-kernel=linear-hsic=gretton-score (similarity-repository)" in elsewhere["cka"]
    assert elsewhere["rsa"].startswith("RSA (ReSi), ")
    assert elsewhere["cka"].count("gretton") == 1
