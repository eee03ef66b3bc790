"""An upstream that names versions which never were: its rows are given up, and windows close.

Counters grow with each version and each pair of them. Taken in, one such row made its window's
partial too large for its topic: every sound row after it was given up in its place, for good.
"""

import pytest

from tests.faults.input.windowing import Windowing

SEEN = "'given up (poison): … versions'; evermodel_dead_letters_total"


@pytest.mark.guarantee(
    "input",
    fault="one payment names {count} versions",
    promise="a dead letter; the rows around it are counted and their window closes",
    seen=SEEN,
)
@pytest.mark.parametrize("count", [17, 2_000])
def test_a_row_that_names_too_many_versions_is_given_up(windowing: Windowing, count: int) -> None:
    names = [str(version) for version in range(1, count + 1)]
    windowing.row("2018-06-04T10:00:00Z", id="a")
    windowing.row(
        "2018-06-04T11:00:00Z",
        id="wild",
        scores=dict.fromkeys(names, 0.5),
        alerts=dict.fromkeys(names, False),
    )
    windowing.row("2018-06-04T12:00:00Z", id="b")
    windowing.until("2018-06-05T00:00:00Z")
    (letter,) = windowing.letters()
    assert letter.reason == "poison"
    assert f"names {count} versions" in letter.message
    assert windowing.counted() == {"2018-06-04": 2}


@pytest.mark.guarantee(
    "input",
    fault="each payment of an upstream names another version, as with an id in the wrong field",
    promise="dead letters from the 33rd of a window on; those counted stay counted, and the next "
    "window is sound",
    seen=SEEN,
)
@pytest.mark.parametrize("restart", [False, True])
def test_a_window_counts_so_many_versions_and_gives_up_the_others(
    windowing: Windowing, *, restart: bool
) -> None:
    windowing.row("2018-06-04T10:00:00Z", id="first")
    for number in range(2, 40):
        if restart and number in {20, 35}:
            windowing.start()
        windowing.row(
            "2018-06-04T11:00:00Z",
            id=f"w{number}",
            decided_by=number,
            scores={str(number): 0.5},
            alerts={str(number): False},
        )
    windowing.row("2018-06-04T12:00:00Z", id="last")
    windowing.until("2018-06-05T00:00:00Z")
    windowing.row("2018-06-05T12:00:00Z", id="next", decided_by=39, scores={"39": 0.5}, alerts={})
    windowing.until("2018-06-06T00:00:00Z")
    letters = windowing.letters()
    assert [letter.reason for letter in letters] == ["poison"] * 7
    assert {letter.message for letter in letters} == {
        "version 33 would be one too many: a window counts at most 32",
        *(f"version {n} would be one too many: a window counts at most 32" for n in range(34, 40)),
    }
    assert windowing.counted() == {"2018-06-04": 33, "2018-06-05": 1}
    assert windowing.lake.ids() == sorted(
        ["first", "last", "next", *(f"w{n}" for n in range(2, 33))]
    )
