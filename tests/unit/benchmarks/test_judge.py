"""The judge's benchmark on a small stage: rollouts end, and figures say how sure they are."""

from datetime import timedelta

import numpy as np
import pytest

from benchmarks.challenges import Stage, turned
from benchmarks.figures import rate
from benchmarks.judge import repetition
from benchmarks.rollouts import play
from evermodel.common.models.description import ModelDescription
from tests.unit.deployer.scenario import description

DAYS, ROWS, CUSTOMERS = 12, 3_000, 800
LATE = timedelta(days=2)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Customers with habits, and a challenger that agrees with its champion but for noise."""
    rng = np.random.default_rng(7)
    entity = rng.integers(0, CUSTOMERS, DAYS * ROWS)
    habit = rng.normal(-4.0, 1.0, CUSTOMERS)[entity]
    frauds = rng.random(DAYS * ROWS) < 0.01
    base = habit + rng.normal(0.0, 0.7, len(entity)) + 6.0 * frauds
    own = base + rng.normal(0.0, 0.3, len(entity))
    return Stage(
        model=short(),
        days=np.repeat(np.arange(DAYS), ROWS),
        entities=tuple(map(str, range(CUSTOMERS))),
        entity=entity,
        frauds=frauds,
        champion=odds(base),
        challenger=odds(own),
        skewed={2.0: odds(own + 2.0)},
        thresholds=(0.5, 0.5),
    )


def short() -> ModelDescription:
    made = description(label_horizon="2d")
    return made.model_copy(update={"stream": made.stream.model_copy(update={"label_delay": LATE})})


def odds(logits: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def test_an_honest_rollout_is_played_to_the_end_of_its_watch(stage: Stage) -> None:
    for made in (stage, turned(stage)):
        ending = play(made, start=made.starts[0], salt="a")
        assert (ending.action, ending.days, ending.checks) == ("completed", 3, ())
        assert ending.rows > ROWS / 2


def test_a_skew_is_taken_back_in_the_first_window_it_decides_in(stage: Stage) -> None:
    ending = play(stage, start=stage.starts[0], salt="a", skew=2.0)

    assert (ending.action, ending.days) == ("aborted", 1)
    assert "skew_scores" in ending.checks
    assert ending.rows < ROWS / 5


def test_a_rollout_and_its_salt_are_the_seed(stage: Stage) -> None:
    rows = {play(stage, start=0, salt=salt).rows for salt in ("a", "a", "b")}
    assert len(rows) == 2


def test_the_last_start_leaves_room_for_the_whole_watch(stage: Stage) -> None:
    assert play(stage, start=stage.starts[-1], salt="a").action == "completed"


def test_rows_that_differ_by_customer_say_less_than_their_number() -> None:
    customers = np.repeat(np.arange(50), 4)
    habit = np.repeat(np.random.default_rng(7).normal(size=50), 4)

    assert repetition(habit, customers) == pytest.approx(2.0)
    assert repetition(habit, np.arange(200)) == pytest.approx(1.0)


def test_a_rate_comes_with_its_exact_interval() -> None:
    figure = rate(0, 210, unit="rollouts")

    assert figure.interval is not None
    assert figure.interval[0] == 0
    # The rule of three, but for both sides: 1 - 0.025 ** (1 / n).
    assert figure.interval[1] == pytest.approx(1 - 0.025 ** (1 / 210))
