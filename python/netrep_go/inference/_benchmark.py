"""A small benchmark of measures: what is known of networks that it trains itself."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import stats

from netrep_go._cohort import resolve_n_jobs
from netrep_go._jobs import RandomState, as_random_state, counted, warn_user
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import check_integer, check_number, check_option
from netrep_go.inference._benchmark_networks import (
    DEEP,
    GROUPS,
    N_HELD_OUT,
    TWINS,
    Trained,
    Training,
    trained_networks,
)
from netrep_go.inference._benchmark_scores import (
    auprc,
    correlation,
    group_violations,
    jackknife,
    layer_order,
    layer_violations,
    share_of_pairs,
)
from netrep_go.inference._measures import chosen
from netrep_go.metrics import JSD, Disagreement, Measure, measures
from netrep_go.metrics._measure import check_distance
from netrep_go.multiset import pairwise_distances

if TYPE_CHECKING:
    from netrep_go.plotting import MeasureBenchmarkDisplay

_LEAST_SEEDS = 5  # with fewer, what is left by the jackknife has too few pairs
_LEAST_SAMPLES = 20

Networks = dict[tuple[Training, int], Trained]


class _Distances(NamedTuple):
    """What a measure says: of the networks of each test, and of the layers of deep ones."""

    groups: dict[str, np.ndarray]  # (n_groups * n_seeds,) * 2, by test
    twins: np.ndarray
    layers: np.ndarray  # (n_seeds, n_layers, n_layers)


class _Test(NamedTuple):
    """What is known of networks, and how well distances of the seeds that are left say it."""

    name: str
    quality: str
    chance: float
    score: Callable[[_Distances, np.ndarray], float]


@dataclass(frozen=True, repr=False, eq=False)
class MeasureBenchmark(Result):
    """How well measures say what is known of networks: what `benchmark_measures` returns.

    Attributes
    ----------
    measures : list of str
        Their names.
    tests : list of (str, str)
        Tests with their qualities: 'auprc', 'spearman' or 'violations'. The first quality of
        a test ranks measures.
    score, se : ndarray of shape (n_tests, n_measures)
        Scores, and their standard errors over seeds; NaN where a measure is undefined.
    chance : ndarray of shape (n_tests,)
        What distances that know nothing score.
    n_seeds : int
        Number of seeds.
    confidence : float
        Of intervals.
    accuracy : dict of str to ndarray of shape (n_groups, n_seeds)
        Share of the held-out images that networks classify, by test.
    reasons : dict of str to str
        Why a measure has no scores.
    """

    measures: list[str]
    tests: list[tuple[str, str]]
    score: np.ndarray = field(repr=False)
    se: np.ndarray = field(repr=False)
    chance: np.ndarray = field(repr=False)
    n_seeds: int
    confidence: float
    accuracy: dict[str, np.ndarray] = field(repr=False)
    reasons: dict[str, str]

    def __repr__(self) -> str:
        ranked = [test for test in self._main() if self.is_ranked(test)]
        return (
            f"MeasureBenchmark({len(self.measures)} measures, {self.n_seeds} seeds, ranked by "
            f"{', '.join(ranked) or 'no test'})"
        )

    def _main(self) -> dict[str, int]:
        """Return the row of each test by which it ranks."""
        rows: dict[str, int] = {}
        for row, (test, _) in enumerate(self.tests):
            rows.setdefault(test, row)
        return rows

    def _margin(self, several: int = 1) -> float:
        """Return how many standard errors an interval, or one of several, has on each side."""
        outside = (1 - self.confidence) / (2 * several)
        return float(stats.t.ppf(1 - outside, self.n_seeds - 1))

    def _signed(self, row: int) -> np.ndarray:
        """Return scores of which more is better."""
        return -self.score[row] if self.tests[row][1] == "violations" else self.score[row]

    @checked
    def is_ranked(self, test: str) -> bool:
        """Return whether the best and the worst measure of a test differ by more than seeds do.

        Their intervals must be apart when all measures have intervals at once (Bonferroni),
        for the best and the worst are chosen among these.

        Parameters
        ----------
        test : str
            Name of a test.

        Returns
        -------
        bool
            False if there is no ranking.
        """
        row = self._row(test)
        signed, known = self._signed(row), np.isfinite(self.score[row])
        if known.sum() < 2:
            return False
        best, worst = np.nanargmax(signed), np.nanargmin(signed)
        apart = signed[best] - signed[worst]
        return bool(apart > self._margin(known.sum()) * (self.se[row, best] + self.se[row, worst]))

    def _row(self, test: str) -> int:
        rows = self._main()
        check_option(test, "test", list(rows))
        return rows[test]

    def conclusions(self) -> list[str]:
        """Return a sentence for each test: the best and the worst measure, or no ranking."""
        return [self._conclusion(test, row) for test, row in self._main().items()]

    def _conclusion(self, test: str, row: int) -> str:
        if np.isnan(self.score[row]).all():
            return f"{test}: no ranking, no measure is defined"
        signed, quality = self._signed(row), self.tests[row][1]
        ends = [
            f"{self.measures[k]} ({self.score[row, k]:.2f}, {self._interval(row, k)})"
            for k in (int(np.nanargmax(signed)), int(np.nanargmin(signed)))
        ]
        if self.is_ranked(test):
            return f"{test}: {quality} is best for {ends[0]} and worst for {ends[1]}"
        return (
            f"{test}: no ranking, {self.n_seeds} seeds do not tell {ends[0]} from {ends[1]} by "
            f"{quality}"
        )

    def _interval(self, row: int, k: int) -> str:
        low, high = self._intervals(row)
        return f"{low[k]:.2f} to {high[k]:.2f}"

    def _intervals(self, row: int) -> np.ndarray:
        """Return the ends of each measure's interval, within what a score can be."""
        half = self._margin() * self.se[row]
        least = -1.0 if self.tests[row][1] == "spearman" else 0.0
        return np.clip([self.score[row] - half, self.score[row] + half], least, 1.0)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each test, quality and measure.

        Returns
        -------
        pandas.DataFrame
            With columns test, quality, measure, score, low, high (of an interval over seeds),
            se, chance, rank (1 is best), and ranked, whether the test has a ranking.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return (
            pandas()
            .concat([self._table(row) for row in range(len(self.tests))])
            .reset_index(drop=True)
        )

    def _table(self, row: int) -> Any:
        (test, quality), (low, high) = self.tests[row], self._intervals(row)
        columns = {
            "test": test,
            "quality": quality,
            "measure": self.measures,
            "score": self.score[row],
            "low": low,
            "high": high,
            "se": self.se[row],
            "chance": self.chance[row],
            "rank": self._ranks(row),
            "ranked": self.is_ranked(test),
        }
        return pandas().DataFrame(columns)

    def _ranks(self, row: int) -> np.ndarray:
        return stats.rankdata(-self._signed(row), nan_policy="omit")

    def ranking(self) -> Any:
        """Return a pandas DataFrame with one row a measure, best first.

        Returns
        -------
        pandas.DataFrame
            With the score of each test, and mean_rank, the mean of the ranks in those tests that
            have a ranking: NaN if there is none.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        rows = self._main()
        frame = pandas().DataFrame(
            {test: self.score[row] for test, row in rows.items()},
            index=pandas().Index(self.measures, name="measure"),
        )
        ranks = [self._ranks(row) for test, row in rows.items() if self.is_ranked(test)]
        frame["mean_rank"] = np.mean(ranks, axis=0) if ranks else np.nan
        return frame.sort_values("mean_rank", kind="stable")

    def plot(self, **options: Any) -> MeasureBenchmarkDisplay:
        """Draw the ranking.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.MeasureBenchmarkDisplay.from_benchmark`.

        Returns
        -------
        display : netrep_go.plotting.MeasureBenchmarkDisplay
            The drawn display.
        """
        from netrep_go.plotting import MeasureBenchmarkDisplay

        return MeasureBenchmarkDisplay.from_benchmark(self, **options)


@checked
def benchmark_measures(
    measures: Any = None,
    *,
    n_seeds: int = 12,
    n_samples: int = 80,
    confidence: float = 0.95,
    random_state: RandomState = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> MeasureBenchmark:
    """Score measures by what is known of networks: the tests of ReSi [1]_, on digits.

    Networks of two hidden layers are trained on half of scikit-learn's digits, which show
    one of ten labels beside the image, at random; a deep one of six layers is trained from each
    seed. Measures compare them on held-out images, where the labels that are shown are random,
    by their second layer.

    - 'layers': layers of a deep network are the farther apart the more are between them.
      Spearman correlation of the distance with that number, and violations: how often layers
      between two others are farther apart than these.
    - 'labels', 'shortcut', 'noise': networks trained in the same of four ways are closer to
      each other than to the rest. The ways differ in the share of labels that are wrong, of
      images that show their own label, and in noise on pixels. Area under the precision-recall
      curve (AUPRC) of pairs of the same way, and violations: how often a network is farther from
      one of its own way than from another one.
    - 'accuracy', 'jsd', 'disagreement': networks that differ in what is drawn alone, six from
      each seed, are the farther apart the more they differ in accuracy, in the probabilities of
      classes (Jensen-Shannon divergence), or in the classes, on all held-out images. Spearman
      correlation.

    Parameters
    ----------
    measures : Measure, str, callable or object with fit and score; or list or dict of such, \
default=None
        As for :func:`compare_networks`; each must say whether it is a distance or a similarity.
        By default all of :func:`netrep_go.metrics.measures` that compare matrices.
    n_seeds : int, default=12
        Number of networks trained in each of 11 ways, and six times in one of these; at least 5.
    n_samples : int, default=80
        Number of held-out images that networks are compared on, from 20 to 899.
    confidence : float, default=0.95
        Nominal coverage of the intervals.
    random_state : int, RandomState, Generator or None, default=0
        Determines images and networks.
    n_jobs : int, default=None
        Number of processes that train, and of threads that compare; None for as many as BLAS
        uses, -1 for all cores. Scores do not depend on it.
    verbose : bool, default=False
        Show progress bars.

    Returns
    -------
    MeasureBenchmark
        With ``ranking()``, ``conclusions()``, ``to_frame()`` and ``plot()``.

    Raises
    ------
    ValueError
        If nothing says whether a measure is a distance or a similarity.

    Warns
    -----
    UserWarning
        If a measure is undefined for some networks: it has no scores then.

    Notes
    -----
    Intervals are over seeds: the standard error of the jackknife that leaves out one seed of
    all networks at a time, and quantiles of Student's t. They do not tell how scores would be
    with other data or architectures, and a test on digits is no test on what you study.

    Distances in both orders are averaged where a measure is not symmetric. Units that are silent
    on all images are left out.

    References
    ----------
    .. [1] Klabunde et al. (2025). ReSi: A Comprehensive Benchmark for Representational
       Similarity Measures. ICLR. arXiv:2408.00531.

    Examples
    --------
    >>> from netrep_go.inference import benchmark_measures
    >>> found = benchmark_measures(["procrustes", "mean_cca"], n_seeds=5, verbose=False)
    >>> found.ranking().columns.tolist()[:4]
    ['layers', 'labels', 'shortcut', 'noise']
    """
    check_integer(n_seeds, "n_seeds", _LEAST_SEEDS)
    check_integer(n_samples, "n_samples", _LEAST_SAMPLES, N_HELD_OUT)
    check_number(confidence, "confidence", 0.5, 1 - 1e-9)
    directed = _directed(_of_matrices() if measures is None else measures)
    n_jobs = resolve_n_jobs(n_jobs, None)
    rng = as_random_state(random_state)
    networks = trained_networks(n_seeds, n_samples, rng, n_jobs, verbose)
    tests = _tests(networks, n_seeds)
    score, se = np.full((2, len(tests), len(directed)), np.nan)
    reasons = {}
    for k, (name, measure) in enumerate(
        counted(directed.items(), "Comparing networks", len(directed), verbose)
    ):
        try:
            found = _distances(measure, networks, n_seeds, n_jobs)
        except _Undefined as undefined:
            reasons[name] = str(undefined)
        else:
            scores = [jackknife(partial(test.score, found), n_seeds) for test in tests]
            score[:, k], se[:, k] = zip(*scores, strict=True)
    for name, reason in reasons.items():
        warn_user(f"{name} has no scores: {reason}")
    return MeasureBenchmark(
        list(directed),
        [(test.name, test.quality) for test in tests],
        score,
        se,
        np.array([test.chance for test in tests]),
        n_seeds,
        confidence,
        {name: _accuracy(networks, ways, n_seeds) for name, ways in GROUPS.items()},
        reasons,
    )


def _of_matrices() -> list[str]:
    return [name for name, said in measures().properties.items() if said.data == "matrix"]


def _directed(given: Any) -> dict[str, Measure]:
    """Return measures by name, all of which have a direction."""
    found = chosen(given, "measures")
    for name, measure in found.items():
        if measure.properties.kind is None:
            check_distance(measure, f"benchmark_measures of {name}")
    return found


class _Undefined(Exception):
    """A measure is NaN for some networks, or refuses them."""


def _distances(
    measure: Measure, networks: Networks, n_seeds: int, n_jobs: int | None
) -> _Distances:
    """Compare the networks of each test, and the layers of each deep network."""
    seeds = range(n_seeds)

    def apart(xs: list[np.ndarray]) -> np.ndarray:
        return _apart(measure, xs, n_jobs)

    def trained(ways: list[Training]) -> np.ndarray:
        return apart([networks[way, seed].layers[-1] for way in ways for seed in seeds])

    groups = {name: trained(ways) for name, ways in GROUPS.items()}
    layers = np.stack([apart(networks[DEEP, seed].layers) for seed in seeds])
    return _Distances(groups, trained(TWINS), layers)


def _apart(measure: Measure, xs: list[np.ndarray], n_jobs: int | None) -> np.ndarray:
    """Return values of which more is farther, the mean of both orders."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is undefined is said once, of all networks
        try:
            D = pairwise_distances(measure, xs, verbose=False, n_jobs=n_jobs)
        except (ValueError, np.linalg.LinAlgError) as error:
            raise _Undefined(str(error)) from error
    D = D if measure.properties.kind == "distance" else -D
    np.fill_diagonal(D, 0.0)
    n_undefined = np.isnan(D).sum()
    if n_undefined:
        raise _Undefined(f"it is NaN for {n_undefined} of {D.size - len(D)} pairs of networks")
    return (D + D.T) / 2


def _tests(networks: Networks, n_seeds: int) -> list[_Test]:
    """Return all tests, those of outputs with what networks answer."""
    twins = [networks[way, seed] for way in TWINS for seed in range(n_seeds)]
    accuracy = np.array([network.accuracy for network in twins])
    outputs = [network.probabilities for network in twins]
    answers = {
        "accuracy": np.abs(accuracy[:, np.newaxis] - accuracy),
        "jsd": pairwise_distances(JSD("probabilities"), outputs, verbose=False),
        "disagreement": pairwise_distances(Disagreement(), outputs, verbose=False),
    }
    return [
        _Test("layers", "spearman", 0.0, _of_layers(layer_order)),
        _Test("layers", "violations", 0.5, _of_layers(layer_violations)),
        *itertools.chain.from_iterable(_of_groups(name, n_seeds) for name in GROUPS),
        *(_Test(name, "spearman", 0.0, _of_answers(D, n_seeds)) for name, D in answers.items()),
    ]


def _of_layers(score: Callable[[np.ndarray], float]) -> Callable[[_Distances, np.ndarray], float]:
    return lambda found, left: float(np.mean([score(found.layers[seed]) for seed in left]))


def _of_groups(name: str, n_seeds: int) -> list[_Test]:
    n_groups = len(GROUPS[name])
    seeds, groups = np.tile(np.arange(n_seeds), n_groups), np.repeat(np.arange(n_groups), n_seeds)

    def of(
        score: Callable[[np.ndarray, np.ndarray], float],
    ) -> Callable[[_Distances, np.ndarray], float]:
        def scored(found: _Distances, left: np.ndarray) -> float:
            kept = np.isin(seeds, left)
            return score(found.groups[name][np.ix_(kept, kept)], groups[kept])

        return scored

    return [
        _Test(name, "auprc", share_of_pairs(groups), of(auprc)),
        _Test(name, "violations", 0.5, of(group_violations)),
    ]


def _of_answers(answers: np.ndarray, n_seeds: int) -> Callable[[_Distances, np.ndarray], float]:
    seeds = np.tile(np.arange(n_seeds), len(TWINS))

    def scored(found: _Distances, left: np.ndarray) -> float:
        kept = np.flatnonzero(np.isin(seeds, left))
        i, j = (kept[k] for k in np.triu_indices(len(kept), 1))
        return correlation(found.twins[i, j], answers[i, j])

    return scored


def _accuracy(networks: Networks, ways: list[Training], n_seeds: int) -> np.ndarray:
    return np.array([[networks[way, seed].accuracy for seed in range(n_seeds)] for way in ways])
