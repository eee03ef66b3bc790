"""What people read is what the events say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from evermodel.cli.overview import Overview, shown, standings, supervised
from evermodel.cli.reading import Read, interpret
from evermodel.cli.tailing import as_cloud_event, line
from evermodel.common.events.catalogue import ROLLOUT_STEP, topic_of
from evermodel.common.events.codec import encode
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep, VersionInPlay
from evermodel.common.events.training import Artefact, ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.deadletter import REDRIVEN_FROM
from evermodel.common.messaging.records import Record
from evermodel.embedded import lock
from evermodel.embedded.notes import Note, Notes

START = datetime(2018, 6, 1, tzinfo=UTC)
BUNDLE = {
    "uri": "runs:/1/bundle",
    "digest": f"sha256:{'0' * 64}",
    "threshold": 0.5,
    "reference_id": "r",
}


def step(
    number: int,
    *,
    action: str,
    weights: dict[int, int],
    id_: str = "",
    day: int | None = None,
    commit: str | None = None,
    reason: str = "",
) -> Read:
    payload = RolloutStep.model_validate(
        {
            "model": "fraud",
            "action": action,
            "version": max(weights),
            "from_version": min(weights),
            "step": number,
            "in_play": [in_play(version, weight) for version, weight in weights.items()],
            "stable_version": min(weights),
            "desired_version": max(weights),
            "reason": reason or f"step {number}",
            "commit": commit,
        }
    )
    meta = EventMeta(
        id=EventId(id_ or f"id-{number}"),
        type=payload.TYPE,
        source="/evermodel/deployer",
        subject=ModelName("fraud"),
        time=START + timedelta(days=number if day is None else day),
    )
    value, headers = encode(payload, meta)
    return interpret(
        Record(
            topic=ROLLOUT_STEP.name,
            partition=0,
            offset=number,
            key=b"fraud",
            value=value,
            headers=headers,
        )
    )


def in_play(version: int, weight: int) -> VersionInPlay:
    return VersionInPlay(
        version=version,
        role="champion",
        weight=weight,
        model_uri="models:/fraud/1",
        artefact=Artefact.model_validate(BUNDLE),
    )


def test_why_a_version_was_taken_back_still_shows_when_git_has_taken_it() -> None:
    fall = step(1, action="aborted", weights={1: 100})
    told = step(2, action="resumed", weights={1: 100}, commit="abc")
    (standing,) = standings([fall, told])
    assert (standing.action, standing.reason) == ("aborted", "step 1")


def test_of_two_steps_of_one_moment_the_one_written_last_is_what_serves() -> None:
    found = [
        step(2, action="started", weights={1: 100, 3: 0}, id_="00", day=7),
        step(1, action="aborted", weights={1: 100, 2: 0}, id_="ff", day=7),
    ]
    (standing,) = standings(found)
    assert (standing.action, standing.version) == ("started", 3)


def test_the_step_written_last_is_what_serves() -> None:
    found = [
        step(2, action="advanced", weights={1: 80, 2: 20}),
        step(1, action="started", weights={1: 100, 2: 0}),
    ]
    (standing,) = standings(found)
    assert standing.action == "advanced"
    assert standing.weights == {"1": 80, "2": 20}
    assert standing.stable_version == 1
    assert standing.events == {"rollout.step": 2}


def test_an_event_is_a_line_and_a_cloud_event() -> None:
    found = step(1, action="started", weights={1: 100, 2: 0})
    words = "2018-06-02T00:00:00Z  rollout.step[0]@1  fraud: action=started version=2 step=1"
    assert line(found).startswith(words)
    event = as_cloud_event(found)
    assert event["type"] == RolloutStep.TYPE
    assert event["id"] == "id-1"


def test_a_reason_without_end_is_one_line_and_stands_whole_in_json() -> None:
    told = step(1, action="started", weights={1: 100, 2: 0}, reason="x" * 500_000)
    assert len(line(told)) < 2000
    assert "(500000 characters)" in line(told)
    assert len(str(as_cloud_event(told))) > 500_000


def test_what_is_no_event_is_shown_and_says_why() -> None:
    found = interpret(
        Record(topic="model.trained", partition=3, offset=9, key=None, value=b"\xff{")
    )
    assert line(found).startswith("model.trained[3]@9")
    assert "headers missing" in str(as_cloud_event(found)["problem"])


def test_in_a_pipe_no_line_of_the_status_is_folded() -> None:
    models = standings([step(1, action="advanced", weights={1: 90, 2: 10})])
    models[0].reason = "because " * 30
    names = {f"process-{number}": number for number in range(20)}
    found = Overview(models=models, dead_letters={}, lag={}, processes=names)
    out = StringIO()
    shown(found, Console(file=out))
    lines = out.getvalue().splitlines()
    assert [line for line in lines if line.startswith("processes:")] == [
        f"processes: {', '.join(names)}"
    ]
    assert len(lines) == 4, "a head, a model, who is behind, the processes"


def test_a_row_without_headers_is_no_problem() -> None:
    for topic, has_problem in (("transactions.scored", False), ("rollout.step", True)):
        row = Record(topic=topic, partition=0, offset=0, key=b"k", value=b"{}", headers=())
        assert ("problem" in as_cloud_event(interpret(row))) is has_problem


def trained(number: int, *, outcome: str = "trained", reason: str = "asked for") -> Read:
    payload = ModelTrained.model_validate(
        {
            "model": "fraud",
            "outcome": outcome,
            "reason": reason,
            "caused_by": "c",
            "champion": None,
            "artefact": BUNDLE if outcome == "trained" else None,
        }
    )
    return told(payload, offset=number, id_=f"t{number}")


def validated(number: int, *, trained_by: str, verdict: str) -> Read:
    payload = ModelValidated.model_validate(
        {
            "model": "fraud",
            "verdict": verdict,
            "reasons": ["too slow"],
            "gates": [],
            "trained_by": trained_by,
            "champion": None,
            "version": 2 if verdict == "accepted" else None,
        }
    )
    return told(payload, offset=number, id_=f"v{number}")


def told(payload: Payload, *, offset: int, id_: str) -> Read:
    meta = EventMeta(
        id=EventId(id_),
        type=payload.TYPE,
        source="/test",
        subject="fraud",
        time=START + timedelta(days=offset),
    )
    value, headers = encode(payload, meta)
    topic = topic_of(type(payload)).name
    return interpret(
        Record(topic=topic, partition=0, offset=offset, key=b"fraud", value=value, headers=headers)
    )


@pytest.mark.parametrize(
    ("records", "last"),
    [
        ([trained(0)], "2018-06-01T00:00:00Z trained"),
        (
            [trained(0), validated(0, trained_by="t0", verdict="accepted")],
            "2018-06-01T00:00:00Z accepted as v2",
        ),
        (
            [trained(0), validated(0, trained_by="t0", verdict="rejected")],
            "2018-06-01T00:00:00Z rejected: too slow",
        ),
        (
            [
                trained(0),
                validated(0, trained_by="t0", verdict="accepted"),
                trained(1, outcome="failed", reason="no rows in the lake"),
            ],
            "2018-06-02T00:00:00Z failed: no rows in the lake",
        ),
    ],
)
def test_what_became_of_the_last_training_is_told(records: list[Read], last: str) -> None:
    (standing,) = standings(records)
    assert standing.last_training == last
    out = StringIO()
    shown(Overview([standing], {}, {}, {}), Console(file=out))
    assert last in out.getvalue()


def note(name: str, *, pid: int | None, restarts: int = 0, code: int | None = None) -> Note:
    return Note(
        name=name,
        state="running" if pid else "restarting",
        pid=pid,
        restarts=restarts,
        last_exit_code=code,
    )


def test_who_should_run_is_listed_and_who_is_down_has_a_line() -> None:
    kept = [
        note("mlflow", pid=1),
        note("scorer", pid=2, restarts=1, code=-9),
        note("trainer", pid=None),
        replace(note("kafka", pid=None, restarts=5, code=3), log="state/kafka/broker.log"),
    ]
    found = Overview(
        models=[],
        dead_letters={},
        lag={},
        processes={"kafka": 1, "scorer": 2, "scorer-spare": 3},
        supervised=kept,
    )
    out = StringIO()
    shown(found, Console(file=out))
    assert out.getvalue().splitlines()[2:] == [
        "processes: mlflow, scorer (1 restart, ended last with -9), trainer (not started yet)",
        "down: kafka (5 restarts, ended last with 3): it is started again; "
        "see state/kafka/broker.log",
    ]
    told = found.as_json()
    assert told["processes"] == {"kafka": 1, "scorer": 2, "scorer-spare": 3}
    assert told["supervised"] == [
        {
            "name": n.name,
            "state": n.state,
            "pid": n.pid,
            "restarts": n.restarts,
            "last_exit_code": c,
            "log": n.log,
        }
        for n, c in zip(kept, (None, -9, None, 3), strict=True)
    ]


def test_what_a_killed_supervisor_left_says_nothing_about_now(tmp_path: Path) -> None:
    left = note("kafka", pid=1)
    Notes(tmp_path / "processes").write([left])
    assert supervised(tmp_path) == ()
    with lock.held(tmp_path):
        begun = Notes(tmp_path / "processes")
        assert supervised(tmp_path) == ()
        begun.write([left])
        assert supervised(tmp_path) == (left,)


def test_a_step_that_was_put_back_for_one_service_is_not_what_serves() -> None:
    old = step(1, action="started", weights={1: 100, 2: 0})
    new = step(2, action="promoted", weights={2: 100})
    headers = (*old.record.headers, (REDRIVEN_FROM, b"rollout.step/0/1"))

    copied = Record(
        topic=old.record.topic,
        partition=0,
        offset=3,
        key=old.record.key,
        value=old.record.value,
        headers=headers,
    )

    (standing,) = standings([old, new, interpret(copied)])

    assert standing.stable_version == 2
    assert standing.events == {"rollout.step": 2}
