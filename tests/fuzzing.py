"""Calls everything that is public with what it may not expect, and counts what comes of it.

    python tests/fuzzing.py                      # all of it, with a table of counts
    python tests/fuzzing.py --share 1000         # of so many cases, which a seed draws
    python tests/fuzzing.py rsa.compare          # of names that begin so
    python tests/fuzzing.py --list unclear wrong # and list what is of these classes

The calls are those of tests/fuzz_examples.py, the changes those of tests/fuzz_mutations.py, the
judge is tests/fuzz_judge.py. Calls are made in processes of their own, so that a crash or a hang is
a count and not the end.
"""

import argparse
import concurrent.futures
import contextlib
import importlib
import json
import os
import queue
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

CLASSES = ("right", "clear error", "unjudged", "unclear", "wrong", "crash", "hang")
CLEAN = "clean"
NONE_OF = ("wrong", "crash", "hang")
PATIENCE = 20.0  # seconds for a case
LONG = 5.0  # seconds until Ctrl-C of what may take long
MEMORY = 4 * 2**30  # bytes that a case may take


class Case(NamedTuple):
    """A mutation of an argument of a public callable."""

    entry: str
    argument: str
    mutation: str


class Verdict(NamedTuple):
    """The class of a case, and why."""

    case: Case
    outcome: str
    why: str = ""


def cases(examples="fuzz_examples"):
    """Return all cases, and a line for each public name that has no example."""
    from fuzz_mutations import mutations

    found, missing = importlib.import_module(examples).entries()
    return clean_cases(examples) + [
        Case(path, argument, mutation)
        for path, entry in found.items()
        for argument, value in _clean(entry).items()
        for mutation in mutations(argument, value)
    ], missing


def clean_cases(examples="fuzz_examples"):
    """Return a case for each entry that changes nothing."""
    found, _ = importlib.import_module(examples).entries()
    return [Case(path, "", CLEAN) for path in found]


def _clean(entry):
    """Return arguments, each of which shows its kind."""
    from fuzz_examples import is_recipe

    made = {k: "" if k in ("path", "prefix", "model") else ... for k in entry.arguments}
    return {k: made[k] if is_recipe(v) else v for k, v in entry.arguments.items()}


# --- in the process that makes the calls ---


def work(examples):
    """Judge the cases that come as lines, and answer each with a line."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    import warnings

    import matplotlib

    matplotlib.use("Agg")
    warnings.simplefilter("ignore")
    entries = importlib.import_module(examples).entries()[0]
    if os.path.exists("/proc/self/statm"):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells may have it ignored
    folder = Path(tempfile.mkdtemp(prefix="fuzz_"))
    os.chdir(folder)
    print("ready", file=answers)
    for line in sys.stdin:
        os.ftruncate(2, 0)
        case = Case(*json.loads(line))
        try:
            outcome, why = judged(entries[case.entry], case)
        except KeyboardInterrupt:
            outcome, why = "interrupted", ""
        except MemoryError:  # of the judge, after a call that took much
            outcome, why = "unjudged", "too large to judge"
        print(json.dumps([outcome, why]), file=answers)
        for written in folder.iterdir():
            shutil.rmtree(written) if written.is_dir() else written.unlink()


_references: dict = {}


def judged(entry, case):
    """Make the call of a case and return its class, and why."""
    from fuzz_examples import resolved
    from fuzz_mutations import mutations

    if case.mutation == CLEAN:
        kind, _, text = _reference(entry, case, None, lambda x: x)
        return ("right", "") if kind == "result" else ("wrong", f"the clean call: {text}")
    mutation = mutations(case.argument, _clean(entry)[case.argument])[case.mutation]
    try:
        mutation.change(resolved(entry.arguments)[case.argument])
    except Exception as error:
        return "unjudged", f"the mutation does not apply: {error!r}"
    kind, found, text = _call(entry, case, mutation.change)
    if kind == "error":
        asked = mutation.want == "same" and not _by_rule(case)
        if asked and (why := _accepts(entry, case, mutation)):
            return "wrong", f"refused: {text}: {why}"
        return ("unclear", f"{found}: {text}") if found else ("clear error", text)
    if text:
        return "wrong", text
    outcome, why = JUDGES[mutation.want](entry, case, mutation, found)
    return (outcome == "wrong" and _by_rule(case)) or (outcome, why)


def _accepts(entry, case, mutation):
    """Return a reason if a clean call with the same values is taken."""
    kind, _, _ = _reference(entry, case, mutation.name, mutation.plain or (lambda x: x))
    return "clean float64 is taken" if kind == "result" else ""


def _call(entry, case, change):
    """Return "result" with numbers, or "error" with why it is unclear and its text."""
    import matplotlib.pyplot as plt
    from fuzz_examples import resolved
    from fuzz_judge import numbers, unclear

    arguments = resolved(entry.arguments)
    if case.argument:
        arguments[case.argument] = change(arguments[case.argument])
    before = _hashes(arguments)
    try:
        result = numbers(entry.run(**arguments))
    except Exception as error:
        lines = " ".join(f"{type(error).__name__}: {error}".split())
        return "error", unclear(error, case.argument, entry.arguments), lines[:300]
    finally:
        plt.close("all")
    changed = [k for k, v in _hashes(arguments).items() if v != before[k]]
    in_place = getattr(importlib.import_module("fuzz_examples"), "IN_PLACE", {})
    if changed and case.entry not in in_place:
        return "result", result, f"writes to {changed[0]}"
    if changed:
        result |= numbers({k: arguments[k] for k in changed})
    return "result", result, ""


def _hashes(arguments):
    """Return what shows whether arrays were written to."""
    import hashlib

    import numpy as np

    def digest(value):
        if isinstance(value, np.ndarray) and value.dtype.kind != "O":
            return hashlib.blake2b(np.ascontiguousarray(value).tobytes()).hexdigest()
        if isinstance(value, dict):
            value = list(value.values())
        return [digest(v) for v in value] if isinstance(value, (list, tuple)) else None

    return {name: digest(value) for name, value in arguments.items()}


def _reference(entry, case, key, change):
    """Return the outcome of a call, which is made once."""
    known = (case.entry, key and case.argument, key)
    if known not in _references:
        if len(_references) > 200:
            _references.clear()
        _references[known] = _call(entry, case, change)
    return _references[known]


def _clean_result(entry, case):
    return _reference(entry, case, None, lambda x: x)[1]


def _judge_same(entry, case, mutation, found):
    from fuzz_judge import differs

    plain = mutation.plain or (lambda x: x)
    key = mutation.name if mutation.plain else None
    kind, want, text = _reference(entry, case, key, plain)
    if kind == "error":
        return "wrong", f"taken, but clean float64 of these values is refused: {text}"
    rtol = 1e-3 if mutation.name in ("float32", "float16") else 1e-6
    why = differs(found, want, rtol)
    return ("wrong", why) if why else ("right", "")


def _judge_refused(entry, case, mutation, found):
    from fuzz_judge import differs, says_undefined

    if says_undefined(found, _clean_result(entry, case)):
        return "right", ""
    if mutation.plain:
        kind, want, _ = _reference(entry, case, mutation.name, mutation.plain)
        if kind == "result" and not differs(found, want):
            return "right", ""
    return "wrong", "taken"


def _judge_odd(entry, case, mutation, found):
    from fuzz_judge import differs

    if not differs(found, _clean_result(entry, case)) or (found and _is_empty(found)):
        return "right", ""
    return "wrong", "taken"


def _judge_reshaped(entry, case, mutation, found):
    from fuzz_judge import differs

    why = differs(found, _clean_result(entry, case), shapes=False)
    return ("wrong", why) if why else ("right", "")


def _is_empty(found):
    return all(array.size == 0 for array in found.values())


def _judge_empty(entry, case, mutation, found):
    if _is_empty(found):
        return "right", ""
    return _judge_refused(entry, case, mutation, found)


def _judge_scaled(entry, case, mutation, found):
    from fuzz_judge import breaks_law
    from fuzz_mutations import _times

    exponent = float(mutation.name.removeprefix("times 1e"))
    unit = 6 if exponent > 0 else -6
    first, second = (_reference(entry, case, f"1e{k}", _times(10.0**k)) for k in (unit, 2 * unit))
    if "error" in (first[0], second[0]):
        return "unjudged", "no law"
    why = breaks_law(found, first[1], second[1], (exponent - unit) / unit)
    return ("wrong", why) if why else ("right", "")


def _by_rule(case):
    """Return "right" if a rule of the examples says that a mutation is taken, and how."""
    for (entry, argument, mutation), why in importlib.import_module("fuzz_examples").TAKEN.items():
        asked = zip((argument, mutation), (case.argument, case.mutation), strict=True)
        if case.entry.startswith(entry) and all(rule in ("*", is_) for rule, is_ in asked):
            return "right", why
    return None


JUDGES = {
    "same": _judge_same,
    "like": _judge_same,
    "refused": _judge_refused,
    "odd": _judge_odd,
    "reshaped": _judge_reshaped,
    "empty": _judge_empty,
    "scaled": _judge_scaled,
    "any": lambda *args: ("unjudged", ""),
    "long": lambda *args: ("unjudged", ""),
}


# --- in the process that counts ---


class Worker:
    """A process that judges cases, started again when it is gone."""

    def __init__(self, examples, patience):
        self.examples, self.patience, self.process = examples, patience, None

    def start(self):
        self.errors = tempfile.TemporaryFile("a+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work", self.examples],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
        if self._line(60) != "ready\n":
            raise RuntimeError(f"the worker did not start:\n{self._last_errors()}")

    def judge(self, case):
        """Return the verdict of a case."""
        from fuzz_mutations import COUNTS, NUMBERS

        may_be_long = any(m.name == case.mutation and m.want == "long" for m in COUNTS + NUMBERS)
        if self.process is None:
            self.start()
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        answer = self._line(min(LONG, self.patience) if may_be_long else self.patience)
        if answer is None:
            self.process.send_signal(signal.SIGINT)
            answer = self._line(min(3, self.patience))
            if answer and json.loads(answer)[0] == "interrupted":
                if may_be_long:
                    return Verdict(case, "right", "long, and Ctrl-C ends it")
                return Verdict(case, "hang", f"takes more than {self.patience:g} s")
            self.stop()
            return Verdict(case, "hang", f"takes more than {self.patience:g} s, deaf to Ctrl-C")
        if not answer:
            code = self.process.wait()
            verdict = Verdict(case, "crash", f"{code}: {self._last_errors()}")
            self.stop()
            return verdict
        return Verdict(case, *json.loads(answer))

    def _line(self, seconds):
        """Return a line, "" at the end of the process, None if none comes in time."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self.process.stdout.readline() if ready else None

    def _last_errors(self):
        self.errors.seek(0)
        lines = [line for line in self.errors.read().splitlines() if line.strip()]
        return " | ".join(lines[:3])[:300]

    def stop(self):
        if self.process is not None:
            self.process.kill()
            with contextlib.suppress(BrokenPipeError), self.errors, self.process:
                self.process = None


def run(chosen, *, examples="fuzz_examples", n_workers=2, patience=PATIENCE, heard=None):
    """Return the verdicts of cases."""
    waiting: queue.SimpleQueue = queue.SimpleQueue()
    for block in _blocks(chosen):
        waiting.put(block)

    def serve(_):
        worker, verdicts = Worker(examples, patience), []
        try:
            while True:
                for case in waiting.get_nowait():
                    verdicts.append(worker.judge(case))
                    if heard:
                        heard(verdicts[-1])
        except queue.Empty:
            return verdicts
        finally:
            worker.stop()

    with concurrent.futures.ThreadPoolExecutor(n_workers) as pool:
        return [verdict for found in pool.map(serve, range(n_workers)) for verdict in found]


def _blocks(chosen):
    """Return the cases of an entry together, as they share references."""
    blocks: dict = {}
    for case in chosen:
        blocks.setdefault(case.entry, []).append(case)
    return list(blocks.values())


def table(verdicts):
    """Return the counts of classes, by module, as lines."""
    counts: dict = {}
    for verdict in verdicts:
        module = verdict.case.entry.partition(".")[0]
        for key in (module, "all"):
            counts.setdefault(key, Counter())[verdict.outcome] += 1
    whole = counts.pop("all", Counter())
    rows = [*sorted(counts.items()), ("all", whole)]
    lines = [f"{'':14}" + "".join(f"{name:>13}" for name in CLASSES)]
    return lines + [f"{k:14}" + "".join(f"{c[name]:13}" for name in CLASSES) for k, c in rows]


def listed(verdicts, classes):
    """Return a line for each case of some classes."""
    lines = [
        f"{v.outcome}: {v.case.entry}({v.case.argument}: {v.case.mutation}) {v.why}"
        for v in verdicts
        if v.outcome in classes
    ]
    return [line.encode("ascii", "backslashreplace").decode() for line in lines]


def main():
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="beginnings of names")
    parser.add_argument("--share", type=int, help="number of cases")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--mutation", help="only this one")
    parser.add_argument("--argument", help="only this one")
    parser.add_argument("--list", nargs="*", default=[*NONE_OF, "unclear"], choices=CLASSES)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return 0
    chosen, missing = cases()
    chosen = [c for c in chosen if not options.names or c.entry.startswith(tuple(options.names))]
    chosen = [c for c in chosen if options.mutation in (None, c.mutation)]
    chosen = [c for c in chosen if options.argument in (None, c.argument)]
    if options.share:
        chosen = random.Random(options.seed).sample(chosen, min(options.share, len(chosen)))
    start = time.monotonic()
    verdicts = run(chosen, n_workers=options.jobs)
    print(*missing, *listed(verdicts, options.list), *table(verdicts), sep="\n")
    print(f"{len(verdicts)} cases in {time.monotonic() - start:.0f} s")
    return int(any(v.outcome in NONE_OF for v in verdicts) or bool(missing))


if __name__ == "__main__":
    sys.exit(main())
