"""A version that should serve and cannot is told by `status` and by `doctor`, loudly."""

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from evermodel.artefact.bundle import Feature
from evermodel.artefact.columns import BadColumns, prepare
from evermodel.cli import examination
from evermodel.cli.examination import serving_at
from evermodel.cli.overview import Overview, shown
from evermodel.cli.reading import Read, interpret
from evermodel.cli.unserved import unserved
from evermodel.common.events.catalogue import topic_of
from evermodel.common.events.codec import encode
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.events.traffic import ServedVersion, ServingApplied
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.records import Record
from evermodel.common.settings.kafka import KafkaSettings
from tests.unit.scorer.bench import meta, play
from tests.unit.scorer.bench import step as rollout_step

CHAMPION = play(1, role="champion", weight=100)
SETTINGS = KafkaSettings(bootstrap_servers="127.0.0.1:1")


def said(payload: Payload, *, at: int, id_: str) -> Read:
    told = EventMeta(
        id=EventId(id_),
        type=payload.TYPE,
        source="/test",
        subject="fraud",
        time=meta().time + timedelta(days=at),
    )
    value, headers = encode(payload, told)
    topic = topic_of(type(payload)).name
    return interpret(
        Record(topic=topic, partition=0, offset=at, key=b"fraud", value=value, headers=headers)
    )


def step(at: int, *plays: dict[str, object]) -> Read:
    return said(rollout_step(*plays), at=at, id_=f"step-{at}")


def answer(  # each test varies one thing
    at: int,
    *,
    to: int,
    replica: str = "0",
    id_: str = "",
    reason: str = "no such artefact",
    **states: str,
) -> Read:
    versions = tuple(
        ServedVersion.model_validate(
            {
                "version": int(name.removeprefix("v")),
                "state": state,
                "reason": reason if state == "failed" else "",
            }
        )
        for name, state in states.items()
    )
    applied = ServingApplied(
        model="fraud", replica=replica, step_event_id=f"step-{to}", versions=versions
    )
    return said(applied, at=at, id_=id_ or f"answer-{at}")


def lines(*found: Read) -> list[str]:
    return [str(one) for one in unserved(found)]


@pytest.mark.guarantee(
    "outside",
    fault="the champion cannot be loaded any more when its scorer starts again",
    promise="who asks how it stands is told first of all, with the reason and what to do",
    seen="evermodel status: 'CANNOT SERVE: fraud v1 (champion, 100%) cannot serve on scorer 0'; "
    "evermodel doctor: serving is wrong, exit code 1",
)
def test_a_champion_that_cannot_serve_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [step(1, CHAMPION), answer(1, to=1, v1="ready"), answer(2, to=1, v1="failed")]
    (one,) = unserved(found)
    out = StringIO()
    shown(
        Overview(models=[], dead_letters={}, lag={}, processes={}, unserved=[one]),
        Console(file=out),
    )
    words = "fraud v1 (champion, 100%) cannot serve on scorer 0: no such artefact; "
    words += "payments of this scorer are passed unscored"
    assert f"CANNOT SERVE: {words}" in out.getvalue()
    monkeypatch.setattr(examination, "read", lambda *_: found)
    (finding,) = serving_at(SETTINGS)
    assert (finding.what, finding.verdict, finding.detail) == ("serving", "wrong", words)
    assert "put the bundle v1 (sha256:" in finding.remedy


@pytest.mark.guarantee(
    "outside",
    fault="a feature that the champion was trained with was taken out of model.toml",
    promise="who asks is told to put the feature back, or to train: the bundle is in order",
    seen="evermodel doctor: 'describe … in model.toml again'",
)
def test_a_champion_whose_feature_is_not_described_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadColumns) as caught:
        prepare({}, features=[Feature(name="night", argument="night", kind="flag")])
    reason = f"BadColumns: {caught.value}"
    found = [step(1, CHAMPION), answer(1, to=1, reason=reason, v1="failed")]
    monkeypatch.setattr(examination, "read", lambda *_: found)
    (finding,) = serving_at(SETTINGS)
    assert finding.remedy.startswith("describe column 'night' in model.toml again")
    assert "'evermodel retrain fraud --why …'" in finding.remedy
    assert "MLflow" not in finding.remedy


def test_it_is_told_until_the_scorer_says_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    failed, ready = answer(1, to=1, v1="failed"), answer(2, to=1, v1="ready")
    assert lines(step(1, CHAMPION), failed)
    found = [step(1, CHAMPION), failed, ready]
    assert lines(*found) == []
    monkeypatch.setattr(examination, "read", lambda *_: found)
    assert [finding.verdict for finding in serving_at(SETTINGS)] == ["well"]


def test_an_answer_that_comes_again_under_its_id_counts_for_when_it_came_last() -> None:
    found = [
        answer(1, to=1, v1="ready", id_="a"),
        answer(2, to=1, v1="failed", id_="b"),
        answer(3, to=1, v1="ready", id_="a"),
    ]
    assert lines(step(1, CHAMPION), *found) == []


def test_each_replica_is_told_of() -> None:
    told = lines(
        step(1, CHAMPION),
        answer(1, to=1, replica="0", v1="ready"),
        answer(2, to=1, replica="1", v1="failed"),
    )
    assert ["scorer 1" in line for line in told] == [True]


def test_what_was_answered_to_an_earlier_step_says_nothing() -> None:
    assert lines(step(1, CHAMPION), answer(1, to=1, v1="failed"), step(2, CHAMPION)) == []


def test_of_a_canary_that_cannot_serve_it_is_told_that_another_decides() -> None:
    plays = play(1, role="champion", weight=80), play(2, role="challenger", weight=20)
    found = [step(1, *plays), answer(1, to=1, v1="ready", v2="failed")]
    (line,) = lines(*found)
    assert line.startswith("fraud v2 (challenger, 20%)")
    assert line.endswith("another version takes its share")
