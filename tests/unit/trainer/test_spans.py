"""Which stretch of event time teaches, which sets the threshold, which is held out."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.models.policy import TrainingSection
from evermodel.trainer.domain.spans import (
    MOST_CALIBRATION,
    MOST_HOLDOUT,
    split,
    training_span,
)

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_row_counts_when_its_label_has_had_time_to_arrive() -> None:
    start, end = training_span(as_of=START, label_delay=7 * DAY, window=28 * DAY)
    assert (start, end) == (START - 35 * DAY, START - 7 * DAY)


def test_with_history_enough_the_policy_is_kept() -> None:
    cuts = split(start=START, end=START + 28 * DAY, calibration=5 * DAY, holdout=7 * DAY, step=DAY)
    assert cuts.calibrate_from == START + 16 * DAY
    assert cuts.hold_out_from == START + 21 * DAY


def test_with_a_short_history_every_part_gets_a_share() -> None:
    cuts = split(start=START, end=START + 8 * DAY, calibration=5 * DAY, holdout=7 * DAY, step=DAY)
    assert cuts.calibrate_from == START + 4 * DAY
    assert cuts.hold_out_from == START + 6 * DAY


def test_after_a_drift_the_new_regime_is_learned_and_not_only_held_out() -> None:
    end = START + 28 * DAY
    cuts = split(
        start=START,
        end=end,
        calibration=5 * DAY,
        holdout=7 * DAY,
        step=DAY,
        onset=end - 4 * DAY,
    )
    assert cuts.calibrate_from == end - 2 * DAY
    assert cuts.hold_out_from == end - DAY


@given(
    extent=st.integers(1, 10**7),
    calibration=st.integers(0, 10**6),
    holdout=st.integers(0, 10**6),
    onset=st.integers(-(10**6), 10**8),
)
def test_the_parts_follow_each_other_and_most_of_the_new_regime_teaches(
    extent: int, calibration: int, holdout: int, onset: int
) -> None:
    end, since = START + timedelta(seconds=extent), START + timedelta(seconds=onset)
    cuts = split(
        start=START,
        end=end,
        calibration=timedelta(seconds=calibration),
        holdout=timedelta(seconds=holdout),
        step=timedelta(minutes=30),
        onset=since,
    )
    assert START <= cuts.calibrate_from <= cuts.hold_out_from <= cuts.end == end
    regime = since if START < since < end else START
    assert cuts.calibrate_from - regime >= (end - regime) * 0.44


def test_the_keys_say_how_much_of_a_short_window_they_get() -> None:
    keys = TrainingSection.model_fields
    taught = 1 - MOST_HOLDOUT - MOST_CALIBRATION
    assert f"At most {MOST_CALIBRATION:.0%}".replace("%", " %") in str(keys["calibration"])
    assert f"At most {MOST_HOLDOUT:.0%}".replace("%", " %") in str(keys["holdout"])
    assert f"{taught:.0%}".replace("%", " %") in str(keys["holdout"])


def test_parts_longer_than_the_window_leave_most_of_it_to_learn_from() -> None:
    cuts = split(start=START, end=START + 2 * DAY, calibration=5 * DAY, holdout=7 * DAY, step=DAY)
    assert cuts.calibrate_from - START == 0.45 * 2 * DAY
    assert cuts.hold_out_from - START == 0.7 * 2 * DAY
