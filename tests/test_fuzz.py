"""Everything that is public against odd arguments: see tests/fuzzing.py."""

import os
import random

import fuzz_examples
import fuzz_planted
import fuzzing
import pytest

SHARE = 700  # cases of make test


def assert_sound(verdicts):
    new = [v for v in verdicts if (v.case.entry, v.case.mutation) not in fuzz_examples.OPEN]
    bad = fuzzing.listed(new, [*fuzzing.NONE_OF, "unclear"])
    assert not bad, "\n".join([*bad, *fuzzing.table(verdicts)])


def test_everything_public_has_an_example():
    _, missing = fuzz_examples.entries()
    assert not missing, "\n".join(missing)
    assert set(fuzz_examples.LEFT_OUT) < set(fuzz_examples.public())


@pytest.mark.skipif(os.name != "posix", reason="limits and signals are those of POSIX")
def test_a_share_of_the_cases():
    cases, _ = fuzzing.cases()
    chosen = random.Random(0).sample(cases, SHARE)
    assert_sound(fuzzing.run(dict.fromkeys([*fuzzing.clean_cases(), *chosen])))


@pytest.mark.long
def test_all_cases():
    cases, _ = fuzzing.cases()
    verdicts = fuzzing.run(cases)
    print(*fuzzing.table(verdicts), sep="\n")
    assert_sound(verdicts)


TRIED = {
    *("strided", "reversed strides", "unaligned", "Fortran order", "memmap", "nested lists"),
    *("float32", "uint8", "int64", "one NaN", "all NaN", "one inf", "words", "5-D", "text"),
}


def planted(*names):
    """Return which mutations of planted faults came to which class, by name."""
    cases, _ = fuzzing.cases("fuzz_planted")
    chosen = [case for case in cases if case.entry in names and case.mutation in TRIED]
    found: dict = {name: {} for name in names}
    for verdict in fuzzing.run(chosen, examples="fuzz_planted", patience=6.0):
        found[verdict.case.entry].setdefault(verdict.outcome, set()).add(verdict.case.mutation)
    return found


def test_planted_faults_are_counted():
    found = planted("raw", "abort", "hang", "unclear", "overwrite", "clear")
    refused = {"one NaN", "all NaN", "one inf", "words", "5-D", "text"}
    taken = TRIED - refused
    assert found["raw"]["wrong"] == {"strided"}
    assert found["abort"]["crash"] == {"one NaN", "all NaN"}
    assert found["hang"]["hang"] == {"one inf"}
    assert found["unclear"]["unclear"] == refused
    assert found["overwrite"]["wrong"] >= {"strided", "reversed strides", "Fortran order"}
    assert found["clear"] == {"right": taken, "clear error": refused}
    for name, gone in (("abort", {"one NaN", "all NaN"}), ("hang", {"one inf"})):
        assert found[name]["clear error"] == refused - gone  # it goes on afterwards
        assert found[name]["right"] == taken


def test_names_without_example_are_told():
    _, missing = fuzz_planted.entries()
    assert missing == [
        "Bad.fit has no example: CLASSES lacks y",
        "forgotten has no example: give it arguments in CALLS",
    ]
