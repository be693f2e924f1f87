"""The example that checks other packages, with the one that is among the packages for tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

import conformance_peers


def test_installed_packages_are_checked_and_others_left_out(capsys):
    pytest.importorskip("rsatoolbox")
    measures = conformance_peers.RSATOOLBOX[:1]
    [(package, name, fails, held, seen)] = conformance_peers.checked(
        "rsatoolbox", "rsatoolbox", measures
    )
    assert package.startswith("rsatoolbox ")
    assert (name, fails, held) == ("compare, euclidean, corr", "float32", 18)
    assert "of the same numbers as float64, around 100" in seen
    assert list(conformance_peers.checked("no-such-package", "no_such_package", [])) == []
    assert "no-such-package is not installed: left out" in capsys.readouterr().out
