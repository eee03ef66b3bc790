"""A window names each of its files once, and of very many the last: they lie in one record."""

import pytest

from evermodel.drift.domain.standing import MOST_FILES, ModelState
from tests.unit.drift.detecting import Desk
from tests.unit.drift.windows import REFERENCE, Stream, under, window


@pytest.fixture
def desk() -> Desk:
    desk = Desk(REFERENCE)
    desk.start()
    desk.say(0, stream="labels", partitions=1, watermark=10)
    return desk


def test_a_file_that_a_correction_names_again_is_named_once(desk: Desk) -> None:
    for files in (["a"], ["a", "b"], ["b"]):
        desk.say(0, rows=1, files=files, partitions=1, watermark=0)
    desk.say(0, partitions=1)
    (window,) = desk.windows()
    assert window.lake == ("a", "b")


def test_of_very_many_files_a_window_names_the_last(desk: Desk) -> None:
    names = [str(number) for number in range(MOST_FILES + 5)]
    for files in (names[:7], names[7:]):
        desk.say(0, rows=1, files=files, partitions=1, watermark=0)
    desk.say(0, partitions=1)
    (window,) = desk.windows()
    assert window.lake == tuple(names[5:])


def test_windows_that_wait_for_more_rows_name_no_more_together() -> None:
    stream = Stream(ModelState(champion=1, reference_id=REFERENCE.reference_id))
    half = MOST_FILES // 2
    for number in range(4):
        names = [f"{number}/{file}" for file in range(half)]
        stream.add(under("f" * 64, window(number)).model_copy(update={"lake": tuple(names)}))
        small = stream.state.small
        assert small is not None
        assert small.windows == number + 1
        assert len(small.lake) == min(number + 1, 2) * half
        assert list(small.lake[-half:]) == names
