"""What the scorer counts of itself."""

import math
from typing import Any

from tests.unit.scorer.bench import Bench, payment, play

CHAMPION = play(1, role="champion", weight=80)
CANARY = play(2, role="challenger", weight=20)


def shown(bench: Bench, name: str, **labels: str) -> float | None:
    return bench.spec.metrics.registry.get_sample_value(
        f"evermodel_{name}", {"model": "fraud", **labels}
    )


def score(bench: Bench, rows: int, **columns: Any) -> None:
    bench.score(*(payment(CUSTOMER_ID=n, TRANSACTION_ID=n, **columns) for n in range(rows)))


def test_every_payment_is_counted_once_by_decision_and_by_who_decided(bench: Bench) -> None:
    bench.step(CHAMPION, CANARY)
    score(bench, 300)
    score(bench, 200, TX_AMOUNT=90.0)

    assert shown(bench, "scored_total", decision="pass") == 300
    assert shown(bench, "scored_total", decision="alert") == 200
    deciders = [shown(bench, "decided_total", model_version=v) or 0 for v in ("1", "2")]
    assert sum(deciders) == 500
    assert 50 < deciders[1] < 150
    assert shown(bench, "score_seconds_count") == 2


def test_a_version_that_answers_nonsense_is_counted_for_the_rows_it_left(bench: Bench) -> None:
    bench.store.formulas["v2"] = lambda columns: [
        math.nan if amount > 50 else 0.1 for amount in columns["TX_AMOUNT"]
    ]
    bench.step(CHAMPION, CANARY)
    score(bench, 30)
    assert shown(bench, "unanswered_total", model_version="2") == 0
    score(bench, 20, TX_AMOUNT=90.0)

    assert shown(bench, "unanswered_total", model_version="2") == 20
    assert shown(bench, "unanswered_total", model_version="1") == 0


def test_exactly_the_versions_in_memory_are_shown(bench: Bench) -> None:
    bench.step(CHAMPION, CANARY)
    assert shown(bench, "model_info", model_version="2", role="challenger") == 1
    bench.step(play(2, role="champion", weight=100), play(1, role="former_champion", weight=0))

    assert shown(bench, "model_info", model_version="2", role="challenger") is None
    assert shown(bench, "model_info", model_version="2", role="champion") == 1
    assert shown(bench, "load_failures_total", model_version="2") == 0


def test_a_version_that_does_not_load_is_counted_and_not_shown(bench: Bench) -> None:
    bench.store.formulas["v2"] = RuntimeError("not here")
    bench.step(CHAMPION, CANARY)

    assert shown(bench, "model_info", model_version="2", role="challenger") is None
    assert shown(bench, "load_failures_total", model_version="2") == 1


def test_payments_that_nobody_scored_are_counted_too(bench: Bench) -> None:
    score(bench, 3)

    assert shown(bench, "scored_total", decision="unscored") == 3
