"""Everything that is public against odd arguments: see tests/fuzzing.py."""

import os
import random
from collections import Counter

import fuzz_examples
import fuzz_planted
import fuzzing
import pytest

SHARE = 700  # cases of make test


def counted(verdicts):
    return Counter(verdict.outcome for verdict in verdicts)


def assert_sound(verdicts):
    bad = fuzzing.listed(verdicts, fuzzing.NONE_OF)
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
    print(*fuzzing.listed(verdicts, ["unclear"]), *fuzzing.table(verdicts), sep="\n")
    assert_sound(verdicts)


def planted(*names):
    cases, _ = fuzzing.cases("fuzz_planted")
    chosen = [case for case in cases if case.entry in names]
    return fuzzing.run(chosen, examples="fuzz_planted", patience=1.0, n_workers=2)


def test_planted_faults_are_counted():
    found = planted("raw", "abort", "hang", "unclear", "overwrite")
    of = {name: [v for v in found if v.case.entry == name] for name in fuzz_planted.CALLS}
    wrong = {v.case.mutation for v in of["raw"] if v.outcome == "wrong"}
    assert {"strided", "unaligned"} & wrong == {"strided"}
    crashed = {v.case.mutation for v in of["abort"] if v.outcome == "crash"}
    assert crashed >= {"one NaN", "all NaN"}
    hung = {v.case.mutation for v in of["hang"] if v.outcome == "hang"}
    assert hung >= {"one inf", "one -inf"}
    assert counted(of["unclear"])["unclear"] > 20
    assert all(v.why == "writes to x" for v in of["overwrite"] if v.outcome == "wrong")
    assert counted(of["overwrite"])["wrong"] > 10
    for name in ("abort", "hang"):  # it goes on after the crash or hang
        assert counted(of[name])["right"] > 5


def test_what_is_sound_is_counted_as_such():
    assert not set(counted(planted("clear"))) & {"wrong", "crash", "hang", "unclear"}


def test_names_without_example_are_told():
    _, missing = fuzz_planted.entries()
    assert missing == [
        "Bad.fit has no example: CLASSES lacks y",
        "forgotten has no example: give it arguments in CALLS",
    ]
