"""The deployer as ``python -m evermodel.deployer`` wires it, on a real bare repository."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evermodel.common.events.rollout import RolloutStep
from evermodel.common.messaging.api import Held, Job, Reaction, ServiceSpec
from evermodel.common.models.file import BadModelFile
from evermodel.common.testing.sample import settled
from evermodel.deployer.settings import Settings
from evermodel.deployer.wiring import wire
from tests.unit.deployer.scenario import Story, candidate

MODEL = """
[model]
name = "fraud"
[stream]
time = "T"
label = "L"
[features]
continuous = ["A"]
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    bare = tmp_path / "config.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    (tmp_path / "model.toml").write_text(MODEL)
    monkeypatch.setenv("EVERMODEL_MODELS", str(tmp_path / "model.toml"))
    monkeypatch.setenv("EVERMODEL_CONFIG_REPOSITORY", f"file://{bare}")
    monkeypatch.setenv("EVERMODEL_WORK", str(tmp_path / "work"))
    return Settings()


def routes(spec: ServiceSpec) -> Mapping[type, Any]:
    return {route.payload: route.handler for route in spec.routes}


def log(settings: Settings) -> list[str]:
    bare = settings.repository.removeprefix("file://")
    done = subprocess.run(
        ["git", "-C", bare, "log", "--format=%s", "--reverse", "main"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_version_is_promoted_and_its_successor_taken_back_in_real_git(
    settings: Settings,
) -> None:
    with wire(settings) as spec:
        story = Wired(spec)
        story.accepted(1).accepted(2).days(4).accepted(3).day().day(deciding=0.3)

    assert story.actions[-4:] == ["started v3", "advanced v3", "aborted v3", "resumed v2"]
    assert log(settings) == [
        "promote(fraud): none -> v1",
        "promote(fraud): v1 -> v2",
        "promote(fraud): v2 -> v3",
        "rollback(fraud): v3 -> v2",
    ]


def test_the_fake_and_real_git_lead_to_the_same_steps_commit_ids_included(
    settings: Settings,
) -> None:
    fake = Story().accepted(1).accepted(2).days(5).accepted(3).day().day(deciding=0.3)
    with wire(settings) as spec:
        real = Wired(spec)
        real.accepted(1).accepted(2).days(5).accepted(3).day().day(deciding=0.3)

    assert real.steps == fake.steps


def test_another_process_that_gets_the_same_event_makes_no_second_commit(
    settings: Settings,
) -> None:
    with wire(settings) as spec:
        first = Wired(spec).accepted(1)
    with wire(settings.model_copy(update={"instance": "1"})) as spec:
        second = Wired(spec).accepted(1)

    assert second.steps == first.steps
    assert log(settings) == ["promote(fraud): none -> v1"]


def test_an_engine_that_is_not_there_is_refused_at_start(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "model.toml").write_text(MODEL + '[rollout]\nengine = "argo"\n')

    with pytest.raises(BadModelFile, match=r"rollout\.engine of fraud"), wire(settings):
        pass


def test_it_reads_no_users_git_configuration(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[broken\n")
    monkeypatch.setenv("HOME", str(home))

    with wire(settings) as spec:
        held = routes(spec)[type(candidate(1))](candidate(1), Wired(spec).meta(candidate(1)))
        assert isinstance(held, Held)
        step = settled(held).events[0].payload

    assert isinstance(step, RolloutStep)
    assert step.commit is not None


class Wired(Story):
    """The same stories, told to a wired service."""

    def __init__(self, spec: ServiceSpec) -> None:
        super().__init__()
        self._routes, self._assignment = routes(spec), spec.assignment

    def deliver(self, payload: Any, meta: Any) -> Reaction:
        return settled(self._routes[type(payload)](payload, meta))

    def done(self, job: Job) -> Reaction:
        assert self._assignment is not None
        return self._assignment.on_done(job.key, job.cause, job.run())
