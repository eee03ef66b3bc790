"""Alarms on streams in which nothing happens, and on streams in which something does.

A stream: 28 training days, then 14 more. An alarm is a feature flagged on two days running.
Days have moods (see `streams`). The peers get the same two-day persistence, which is more than
they do by themselves. They see fewer streams, and Evidently a sample of the training rows: at
their speed more would take hours.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from benchmarks.drift import TRAINING_DAYS, evidently_flags, judged, tested
from benchmarks.figures import Figure, Figures
from benchmarks.streams import SCHEMA, Rows, rows_of, window_of
from evermodel.profile.building import build_reference

DAYS = 14
ROWS = 5_000
MOOD = 0.02
SHIFT = 0.3
SHIFT_DAY = 7
#: Streams of each kind by rule, so that all of it takes three minutes.
ASKED = {"ours": 60, "scipy": 20, "evidently": 2}

Rule = Callable[[Rows], set[str]]


def measure(*, quick: bool) -> Figures:
    """Return shares of streams with an alarm: false without, right with a shift."""
    asked = {"ours": 3, "scipy": 3, "evidently": 1} if quick else ASKED
    rules = [{rule for rule in asked if n < asked[rule]} for n in range(max(asked.values()))]
    quiet = [alarms(n, shifted=0.0, wanted=wanted) for n, wanted in enumerate(rules)]
    moved = [alarms(1_000 + n, shifted=SHIFT, wanted=wanted) for n, wanted in enumerate(rules)]
    figures: dict[str, Figure] = {}
    for rule in asked:
        peer = None if rule == "ours" else rule
        figures[f"false_alarm_share_{rule}"] = Figure(
            _share(quiet, rule), f"of {asked[rule]} quiet streams", peer
        )
        figures[f"detected_share_{rule}"] = Figure(
            _share(moved, rule), f"of {asked[rule]} shifted streams", peer
        )
    return figures


def alarms(seed: int, *, shifted: float, wanted: Collection[str]) -> Mapping[str, bool]:
    """Return which of the `wanted` rules raise an alarm on the stream of `seed`."""
    rng = np.random.default_rng(seed)
    training = [rows_of(rng, rows=ROWS, mood=MOOD) for _ in range(TRAINING_DAYS)]
    days = [
        rows_of(rng, rows=ROWS, mood=MOOD, shifted=shifted if day >= SHIFT_DAY else 0.0)
        for day in range(DAYS)
    ]
    rules = _rules(training, wanted=wanted)
    return {name: _alarm(rule, days) for name, rule in rules.items()}


def _rules(training: Sequence[Rows], *, wanted: Collection[str]) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    past = {name: np.concatenate([day[name] for day in training]) for name in SCHEMA.names}
    if "ours" in wanted:
        windows = [window_of(day, day=number) for number, day in enumerate(training)]
        reference = build_reference(windows, schema=SCHEMA, min_rows=100)
        rules["ours"] = lambda rows: judged(rows, reference)
    if "scipy" in wanted:
        rules["scipy"] = lambda rows: tested(rows, past)
    if "evidently" in wanted:
        frame = pd.DataFrame(past).sample(ROWS, random_state=0)
        rules["evidently"] = lambda rows: evidently_flags(pd.DataFrame(rows), frame)
    return rules


def _alarm(rule: Rule, days: Sequence[Rows]) -> bool:
    flagged = [rule(day) for day in days]
    return any(before & now for before, now in pairwise(flagged))


def _share(streams: Sequence[Mapping[str, bool]], rule: str) -> float:
    asked = [stream[rule] for stream in streams if rule in stream]
    return sum(asked) / len(asked)
