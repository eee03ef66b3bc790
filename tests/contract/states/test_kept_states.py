"""What an older release kept of itself in its state topics is read by this one, and none is lost.

``kept.jsonl`` was written by the release before, running its own unit tests: of every state that it
kept then, as few as hold everything that one can hold. Lines are added, never changed.
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from evermodel.deployer.handlers import memory
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.handlers.detector_states import States, decoded
from evermodel.drift.handlers.windower_state import Position
from evermodel.trainer.handlers.state import dumped, loaded

KEPT = [
    json.loads(line) for line in (Path(__file__).parent / "kept.jsonl").read_text().splitlines()
]


def detected(raw: bytes) -> bytes:
    """Return the detector's state as it is kept again, unzipped."""
    kept = States(["fraud"]).keep("fraud", decoded(raw))
    return zlib.decompress(kept[1:])


AGAIN: Mapping[str, Callable[[bytes], bytes]] = {
    "deployer.state": lambda raw: memory.dump(memory.load(raw)),
    "trainer.state": lambda raw: dumped(loaded(raw)),
    "drift.detector.state": detected,
    "drift.windower.state": lambda raw: Position.decode(raw).encode(),
}


def lost(before: Any, after: Any, *, at: str = "") -> Iterator[str]:
    """Yield where `before` says what `after` does not; more may be said than was."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after.get(key), at=f"{at}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from lost(one, other, at=f"{at}/{number}")
    elif before != after:
        yield f"{at}: {before} became {after}"


@pytest.mark.guarantee(
    "input",
    fault="a service of a new release finds the state that the release before has kept ({of})",
    promise="it goes on where that one stood: nothing of it is lost",
    seen="nothing: no event is given up, none comes twice",
)
@pytest.mark.parametrize("of", AGAIN)
def test_nothing_of_what_a_release_before_kept_is_lost(of: str) -> None:
    kept = [line["value"] for line in KEPT if line["of"] == of]
    assert kept
    for value in kept:
        again = json.loads(AGAIN[of](json.dumps(value).encode()))
        assert list(lost(value, again)) == []


def test_the_states_kept_are_of_every_phase_of_a_rollout() -> None:
    kinds = {line["value"]["phase"]["kind"] for line in KEPT if line["of"] == "deployer.state"}
    assert kinds >= {"stable", "rolling_out", "held", "watching"}


def test_what_a_release_before_had_counted_of_an_open_window_goes_on_counting() -> None:
    (counted,) = (line["base64"] for line in KEPT if "base64" in line)
    tally = MsgpackTallies().decode("fraud", base64.b64decode(counted))
    assert (tally.rows, tally.served[1, 1].alerts, tally.paired[1, 1, 2].rows) == (198, 21, 197)
    assert sum(profile.rows for profile in tally.profiles.values()) == 158
