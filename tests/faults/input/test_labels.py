"""Labels and payments that come twice, too early, for nobody, or change: what is counted."""

from pathlib import Path

import pytest

from tests.faults.input.windowing import Windowing

MONDAY, TUESDAY = "2018-06-04", "2018-06-05"
Told = tuple[str, int, str]


@pytest.fixture
def whole(tmp_path: Path) -> Windowing:
    """The drift service with two partitions and a lake on disk."""
    return Windowing(partitions=2, folder=tmp_path)


def counted(whole: Windowing, day: str = MONDAY) -> tuple[int, int, int]:
    """Return the rows, the labelled and the frauds among the payments of `day`."""
    whole.until("2018-06-12T00:00:00Z")
    assert whole.letters() == []
    found = whole.matured(day)
    return found.rows, found.labelled, found.frauds


@pytest.mark.guarantee(
    "input",
    fault="a label {fault}",
    promise="{promise}",
    seen="rows, labelled and frauds of outcomes.matured",
)
@pytest.mark.parametrize(
    ("fault", "promise", "labels", "frauds"),
    [
        ("comes before its payment", "counted with it", [("a", 1, "2018-06-05T10:00:00Z")], 1),
        ("is known hours before it", "counted with it", [("a", 1, "2018-06-04T01:00:00Z")], 1),
        ("comes twice", "counted once", [("a", 1, "2018-06-05T10:00:00Z")] * 2, 1),
        (
            "changes from 0 to 1 to 0",
            "the one known last counts",
            [("a", n, f"2018-06-0{5 + at}T10:00:00Z") for at, n in enumerate((0, 1, 0))],
            0,
        ),
        (
            "changes, and the older one comes last",
            "the one known last counts, in whichever order they come",
            [("a", 1, "2018-06-06T10:00:00Z"), ("a", 0, "2018-06-05T10:00:00Z")],
            1,
        ),
        (
            "is 0 and 1 at one moment",
            "fraud wins",
            [("a", 1, "2018-06-05T10:00:00Z"), ("a", 0, "2018-06-05T10:00:00Z")],
            1,
        ),
    ],
)
def test_an_odd_label_counts_once(
    whole: Windowing, fault: str, promise: str, labels: list[Told], frauds: int
) -> None:
    for name, label, known_at in labels:
        whole.label(known_at, id=name, label=label)
    whole.row(f"{MONDAY}T10:00:00Z", id="a")
    whole.row(f"{MONDAY}T11:00:00Z", id="b", partition=1)
    assert counted(whole) == (2, 1, frauds), (fault, promise)


@pytest.mark.guarantee(
    "input",
    fault="a label is known on a day before its payment was made",
    promise="kept in the lake and counted nowhere; the others count",
    seen="labelled of outcomes.matured is less than the labels",
)
def test_a_label_of_a_day_before_its_payment_is_nobodys(whole: Windowing) -> None:
    whole.label("2018-06-03T10:00:00Z", id="a")
    whole.label("2018-06-05T10:00:00Z", id="b")
    for name in "ab":
        whole.row(f"{MONDAY}T10:00:00Z", id=name)
    assert counted(whole) == (2, 1, 1)


@pytest.mark.guarantee(
    "input",
    fault="a label is of a payment that never was",
    promise="kept in the lake, counted nowhere; the others count",
    seen="labelled of outcomes.matured is less than the labels",
)
def test_a_label_for_nobody_is_counted_nowhere(whole: Windowing) -> None:
    whole.row(f"{MONDAY}T10:00:00Z", id="a")
    whole.label(f"{TUESDAY}T10:00:00Z", id="nobody")
    whole.label(f"{TUESDAY}T10:00:00Z", id="a")
    assert counted(whole) == (1, 1, 1)


@pytest.mark.guarantee(
    "input",
    fault="a label is known only after its cohort was counted",
    promise="the count that was published stands; nothing is given up",
    seen="labelled of outcomes.matured",
)
def test_a_label_that_comes_too_late_changes_no_published_count(whole: Windowing) -> None:
    whole.row(f"{MONDAY}T10:00:00Z", id="a")
    before = counted(whole)
    whole.label("2018-06-12T10:00:00Z", id="a")
    whole.until("2018-06-14T00:00:00Z")
    assert before == (1, 0, 0)
    assert counted(whole) == before


@pytest.mark.guarantee(
    "input",
    fault="one payment comes twice, {fault}",
    promise="each copy is counted in its window; outcomes count {outcome}",
    seen="rows of transactions.windowed and of outcomes.matured",
)
@pytest.mark.parametrize(
    ("fault", "partition", "day", "outcome", "monday", "tuesday"),
    [
        ("in one partition", 0, MONDAY, "one", (1, 1, 1), (0, 0, 0)),
        ("in two partitions", 1, MONDAY, "one", (1, 1, 1), (0, 0, 0)),
        ("a day apart", 0, TUESDAY, "one in each cohort", (1, 1, 1), (1, 1, 1)),
    ],
)
def test_a_payment_that_comes_twice(
    whole: Windowing,
    fault: str,
    partition: int,
    day: str,
    outcome: str,
    monday: tuple[int, int, int],
    tuesday: tuple[int, int, int],
) -> None:
    whole.row(f"{MONDAY}T10:00:00Z", id="a")
    whole.row(f"{day}T10:00:00Z", id="a", partition=partition)
    whole.label(f"{TUESDAY}T12:00:00Z", id="a")
    assert counted(whole) == monday, (fault, outcome)
    assert counted(whole, TUESDAY) == tuesday
    assert sum(whole.counted().values()) == 2


@pytest.mark.guarantee(
    "input",
    fault="a partition never has a record, or falls silent",
    promise="its windows close after EVERMODEL_IDLE_SECONDS; what it brings later is counted as "
    "late",
    seen="late_rows of transactions.windowed",
)
@pytest.mark.parametrize("said_before", [False, True])
def test_an_empty_partition_stalls_no_window(*, said_before: bool) -> None:
    windowing = Windowing(partitions=2, idle_seconds=30.0)
    if said_before:
        windowing.row("2018-06-03T12:00:00Z", id="z", partition=1)
        windowing.mark("2018-06-04T00:00:00Z", partition=1)
    windowing.row("2018-06-04T10:00:00Z", id="a")
    for partition in (0, 1):
        windowing.mark("2018-06-07T00:00:00Z", topic="labels", partition=partition)
    windowing.mark("2018-06-05T00:00:00Z")
    assert "2018-06-04" not in windowing.counted()
    windowing.harness.clock.advance(31.0)
    windowing.harness.run()
    assert windowing.counted()["2018-06-04"] == 1
    windowing.row("2018-06-04T11:00:00Z", id="b", partition=1)
    windowing.mark("2018-06-06T00:00:00Z", partition=1)
    windowing.mark("2018-06-06T00:00:00Z")
    assert windowing.counted()["2018-06-04"] == 1
    assert windowing.late() == 1
    assert windowing.letters() == []


@pytest.mark.guarantee(
    "input",
    fault="{fault}",
    promise="{promise}; nothing is given up",
    seen="rows and late_rows of transactions.windowed",
)
@pytest.mark.parametrize(
    ("fault", "promise", "times", "by_day", "late"),
    [
        (
            "a clock goes back by an hour within a window",
            "all are counted in it",
            ["2018-06-04T12:00:00Z", "2018-06-04T11:00:00Z", "2018-06-04T12:30:00Z"],
            {"2018-06-04": 3},
            0,
        ),
        (
            "a clock goes back into a window that has closed",
            "the row is counted as late and the closed window stays",
            ["2018-06-04T12:00:00Z", "2018-06-06T12:00:00Z", "2018-06-04T13:00:00Z"],
            {"2018-06-04": 1, "2018-06-06": 1},
            1,
        ),
        (
            "a clock jumps a month ahead and comes back",
            "the jump closes what lies before it; rows are late until the stream is there",
            ["2018-06-04T12:00:00Z", "2018-07-04T12:00:00Z", "2018-06-05T12:00:00Z"],
            {"2018-06-04": 1, "2018-07-04": 1},
            1,
        ),
    ],
)
def test_a_clock_that_goes_back(  # a case, column by column
    windowing: Windowing,
    fault: str,
    promise: str,
    times: list[str],
    by_day: dict[str, int],
    late: int,
) -> None:
    windowing.mark("2018-06-04T00:00:00Z", topic="labels")
    windowing.mark("2018-08-01T00:00:00Z", topic="labels")
    for at, time in enumerate(times):
        windowing.row(time, id=str(at))
    windowing.mark("2018-07-06T00:00:00Z")
    assert windowing.counted() == by_day, (fault, promise)
    assert windowing.late() == late
    assert windowing.letters() == []
    assert len(windowing.lake.ids()) == len(times)
