"""Times that nobody can have meant: what becomes of each, and of the rows around it.

Monday      Tuesday   (a wild one)   Wednesday
counted     counted        ?         counted     the neighbours never change
"""

from typing import Any

import pytest

from tests.faults.input.windowing import ROW, Windowing

REFUSED = "a dead letter with its reason; the rows around it are counted, nothing is lost"
POISON = "'given up (poison): {said}'; evermodel_dead_letters_total"

#: What is written as the time, and what the dead letter says.
WRONG: list[tuple[str, Any, str]] = [
    ("the year 0", "0000-01-01T00:00:00Z", "Invalid RFC3339"),
    ("the year 10000", "10000-01-01T00:00:00Z", "Invalid RFC3339"),
    ("before the year 1, by its zone", "0001-01-01T00:00:00+23:00", "before the year 1900"),
    ("the year 1", "0001-01-01T00:00:00Z", "before the year 1900"),
    ("after the year 9999, by its zone", "9999-12-31T23:59:59-23:00", "after 9998"),
    ("the last moment", "9999-12-31T23:59:59.999999Z", "after 9998"),
    ("the year 2999", "2999-01-01T00:00:00Z", "more than a year ahead"),
    ("a leap second", "2018-06-05T23:59:60Z", "Invalid RFC3339"),
    ("hour 24", "2018-06-05T24:00:00Z", "Invalid RFC3339"),
    ("the 30th of February", "2018-02-30T00:00:00Z", "Invalid RFC3339"),
    ("a zone of a day", "2018-06-05T10:00:00+24:00", "Invalid RFC3339"),
    ("no zone", "2018-06-05T10:00:00", "timezone"),
    ("a number of seconds", 1528106400, "Expected `datetime`, got `int`"),
    ("null", None, "Expected `datetime`, got `null`"),
    ("an empty string", "", "Invalid RFC3339"),
    ("a date alone", "2018-06-05", "Invalid RFC3339"),
]
CASES = [pytest.param(fault, time, said, id=fault) for fault, time, said in WRONG]


def surrounded(windowing: Windowing) -> None:
    """Rows before: Monday is closed, Tuesday open."""
    windowing.row("2018-06-04T10:00:00Z", id="monday")
    windowing.row("2018-06-05T10:00:00Z", id="tuesday")
    windowing.until("2018-06-05T12:00:00Z")


@pytest.mark.guarantee("input", fault="a payment's time is {fault}", promise=REFUSED, seen=POISON)
@pytest.mark.parametrize(("fault", "time", "said"), CASES)
def test_a_row_with_no_possible_time_is_given_up(
    windowing: Windowing, fault: str, time: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    surrounded(windowing)
    windowing.put({**ROW, "time": time})
    windowing.row("2018-06-06T10:00:00Z", id="wednesday")
    windowing.until("2018-06-07T12:00:00Z")
    (letter,) = windowing.letters()
    assert (letter.reason, letter.attempts) == ("poison", 1)
    assert said in letter.message
    assert "given up (poison): " in caplog.text
    assert said in caplog.text
    assert windowing.counted() == {"2018-06-04": 1, "2018-06-05": 1, "2018-06-06": 1}
    assert windowing.lake.ids() == ["monday", "tuesday", "wednesday"]


@pytest.mark.guarantee("input", fault="a label's time is {fault}", promise=REFUSED, seen=POISON)
@pytest.mark.parametrize(("fault", "time", "said"), CASES)
def test_a_label_with_no_possible_time_is_given_up(
    windowing: Windowing, fault: str, time: Any, said: str
) -> None:
    windowing.label("2018-06-04T10:00:00Z", id="a")
    windowing.label(time, id="wild")
    windowing.label("2018-06-05T10:00:00Z", id="b")
    windowing.until("2018-06-07T12:00:00Z")
    (letter,) = windowing.letters()
    assert (letter.topic, letter.reason, letter.attempts) == ("labels", "poison", 1)
    assert said in letter.message
    assert windowing.lake.ids() == ["a", "b"]


@pytest.mark.guarantee(
    "input",
    fault="a watermark's time is {fault}",
    promise="a dead letter; no window closes by it",
    seen="'given up (poison): …'; evermodel_dead_letters_total",
)
@pytest.mark.parametrize(
    ("fault", "time"),
    [
        (fault, time)
        for fault, time, _ in WRONG
        if fault not in {"a number of seconds", "a date alone"}  # as pydantic reads them: sound
    ],
)
def test_a_watermark_with_no_possible_time_closes_nothing(
    windowing: Windowing, fault: str, time: Any
) -> None:
    windowing.row("2018-06-04T10:00:00Z")
    windowing.mark(time)
    assert [letter.reason for letter in windowing.letters()] == ["poison"]
    assert windowing.counted() == {}
    windowing.until("2018-06-05T12:00:00Z")
    assert windowing.counted() == {"2018-06-04": 1}


@pytest.mark.guarantee(
    "input",
    fault="a payment's time is {fault}",
    promise="counted on the day that it is in UTC",
    seen="nothing: it is sound",
)
@pytest.mark.parametrize(
    ("fault", "time", "day"),
    [
        ("of a zone of quarters of an hour", "2018-06-05T03:00:00+05:45", "2018-06-04"),
        ("of a zone almost a day off", "2018-06-05T23:00:00+23:59", "2018-06-04"),
        (
            "in the hour that a clock put back repeats, again",
            "2018-10-28T02:30:00+01:00",
            "2018-10-28",
        ),
        (
            "in the hour that a clock put forward leaves out",
            "2018-03-25T02:30:00+01:00",
            "2018-03-25",
        ),
        ("1970, the first of its partition", "1970-01-01T00:00:00Z", "1970-01-01"),
        ("before 1970", "1969-12-31T23:59:59Z", "1969-12-31"),
        ("finer than a microsecond", "2018-06-05T10:00:00.123456789Z", "2018-06-05"),
    ],
)
def test_an_odd_time_is_counted_where_it_lies(
    windowing: Windowing, fault: str, time: str, day: str
) -> None:
    windowing.row(time)
    windowing.row(time, id="b")
    following = f"{int(day[:4])}-{day[5:7]}-{day[8:]}T23:59:59.999999Z"
    windowing.until(following)
    assert windowing.counted() == {}
    windowing.mark(f"{int(day[:4]) + 1}-01-02T00:00:00Z")
    windowing.mark(f"{int(day[:4]) + 1}-01-02T00:00:00Z", topic="labels")
    assert windowing.counted() == {day: 2}
    assert windowing.letters() == []


@pytest.mark.guarantee(
    "input",
    fault="a payment of 1970 in a stream of 2018",
    promise="counted as late; kept in the lake; no closed window changes",
    seen="late_rows of the next transactions.windowed",
)
def test_a_row_of_long_ago_is_late_and_changes_no_window(windowing: Windowing) -> None:
    surrounded(windowing)
    windowing.row("1970-01-01T00:00:00Z", id="old")
    windowing.until("2018-06-07T00:00:00Z")
    assert windowing.letters() == []
    assert windowing.counted() == {"2018-06-04": 1, "2018-06-05": 1}
    assert windowing.late() == 1
    assert windowing.lake.ids() == ["monday", "old", "tuesday"]
