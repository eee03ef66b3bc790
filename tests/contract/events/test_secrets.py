"""A secret that an exception let slip reaches no topic: planted in every text of every event."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from docs.build import schemas
from evermodel.common.events import codec
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.emission import new_event
from tests.contract.events.golden import BY_TYPE, EXAMPLES, record

PLANTED = (
    "API request to http://ada:s3cr3t@127.0.0.1:9/api failed, then https://s3cr3t@git.example/x "
    "and oauth2:s3cr3t@git.example:x"
)

#: Names, addresses and inputs: others look things up by them, so they are passed on as they are.
#: Our own adapters make them of ids alone.
LOOKED_UP = {
    "alerts", "artefact", "bundle_uri", "caused_by", "check", "code_version", "column", "commit",
    "decided", "entity", "episode_id", "failed", "feature", "features", "gate", "holdout_uri", "id",
    "lake", "levels", "model_uri", "name", "policy", "quality", "reference", "reference_id",
    "replica", "run_id", "scores", "source", "step_event_id", "trained_by", "uri",
}  # fmt: skip


def texts(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the path of every text in `data`."""
    if isinstance(data, str):
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from texts(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from texts(value, (*path, number))


def planted(data: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(data)
    at = changed
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = PLANTED
    return changed


CASES = [
    (file, path)
    for file in EXAMPLES
    for path in texts(json.loads(file.read_text())["data"])
    if not LOOKED_UP & {part for part in path if isinstance(part, str)}
]
NAMES = [f"{file.stem}-{'.'.join(map(str, path))}" for file, path in CASES]


@pytest.mark.guarantee(
    "security",
    fault="an exception that holds a password is told in an event's free text",
    promise="the event holds stars",
    seen="*** in reason, detail, why",
)
@pytest.mark.parametrize(("file", "path"), CASES, ids=NAMES)
def test_no_free_text_of_an_event_carries_a_secret(file: Path, path: tuple[Any, ...]) -> None:
    example = json.loads(file.read_text())
    payload = BY_TYPE[example["type"]]
    data = planted(example["data"], path)
    try:
        made = payload.model_validate(data)
    except ValidationError:
        return  # no free text: a name, a number, one of a few words
    meta = codec.decode_meta(record(example)[1])
    value = new_event(made, time=meta.time, source="/test", identity="x").value
    assert b"s3cr3t" not in (value or b"")


@pytest.mark.guarantee(
    "security",
    fault="an event that another producer wrote holds a password",
    promise="what is made of it holds stars: commits, logs, pages",
    seen="*** in reason, detail, why",
)
@pytest.mark.parametrize(("file", "path"), CASES, ids=NAMES)
def test_what_another_producer_let_slip_goes_no_further(file: Path, path: tuple[Any, ...]) -> None:
    example = json.loads(file.read_text())
    value, headers = record({**example, "data": planted(example["data"], path)})
    try:
        event = codec.decode(BY_TYPE[example["type"]], value=value, headers=headers)
    except Poison:
        return
    assert "s3cr3t" not in repr(event)


def test_every_reason_there_is_was_planted() -> None:
    free = {path[-1] for _, path in CASES} | {path[-2] for _, path in CASES if len(path) > 1}
    assert {"reason", "reasons", "detail", "who", "why"} <= free
    assert len({file.name for file, _ in CASES}) >= len(schemas.payloads()) - 2
