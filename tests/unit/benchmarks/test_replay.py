"""The fixed cost of a replay is told apart from its rate by two runs."""

import pytest

from benchmarks.replay import Run, apart


def test_what_the_longer_run_adds_is_the_rate_and_the_rest_is_fixed() -> None:
    part = Run(transactions=30_000, outside=8.0 + 1.5, around=3.0)
    whole = Run(transactions=90_000, outside=8.0 + 4.5, around=3.0)
    figures = apart([(part, whole)] * 3)
    assert figures["transactions_per_second_besides_fixed"].value == pytest.approx(20_000)
    assert figures["fixed_seconds"].value == pytest.approx(8.0)
