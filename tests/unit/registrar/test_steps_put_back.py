"""Steps that the registrar gave up are put back when newer ones have long been followed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evermodel.cli.redriving import redriven
from evermodel.common.events.payload import Name, Payload, Version
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.redrive import Redriven
from evermodel.common.testing.harness import Harness
from evermodel.registrar.adapters.directory_judgements import DirectoryJudgements
from evermodel.registrar.adapters.directory_registry import DirectoryRegistry
from evermodel.registrar.domain.standing import Alias
from evermodel.registrar.ports import UnknownVersion
from evermodel.registrar.wiring import assemble
from tests.unit.registrar.samples import MODEL, OTHER, Scripted, step, trained

FRAUD = ModelName("fraud")


class Forgetful(DirectoryRegistry):
    """A registry that a person has by the hand: now and then it knows no version."""

    forgets = False

    def set_alias(self, model: Name, *, alias: Alias, version: Version) -> None:
        if self.forgets:
            raise UnknownVersion(f"{model} has no version {version}")
        super().set_alias(model, alias=alias, version=version)


class Company:
    """A registrar on the real loop, with two versions in its registry."""

    def __init__(self, folder: Path) -> None:
        self.harness = Harness()
        self.registry = Forgetful(folder)
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self.harness.add(
            assemble(
                models={"fraud": MODEL},
                registry=self.registry,
                judgements=DirectoryJudgements(folder),
                evaluator=Scripted(),
            )
        )
        self.hear(trained())
        self.hear(trained(OTHER))

    def hear(self, event: Payload) -> None:
        self._now += timedelta(days=1)
        self.harness.publish(event, time=self._now)
        self.harness.run()

    def give_up(self, event: Payload) -> None:
        self.registry.forgets = True
        self.hear(event)
        self.registry.forgets = False

    def put_back(self) -> Redriven:
        done = redriven(self.harness.broker, "registrar")
        self.harness.run()
        return done

    def standing(self) -> tuple[int | None, bool]:
        """Who is champion, and whether the second version is quarantined."""
        found = self.registry.aliased(FRAUD, alias="champion")
        version = None if found is None else found.version
        return version, self.registry.is_quarantined(FRAUD, digest=OTHER)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.mark.guarantee(
    "input",
    fault="a rollout step that the registrar gave up is redriven after newer ones",
    promise="champion and quarantine stay as the newest step says",
    seen="evermodel redrive: '… rollout steps passed over: a newer one tells what serves'",
)
def test_an_outdated_step_is_not_put_back(company: Company) -> None:
    company.give_up(step("promoted", version=2, stable=2))
    company.hear(step("rolled_back", version=2, stable=1, quarantined=(OTHER,)))
    assert company.standing() == (1, True)

    assert company.put_back() == Redriven(outdated=1)
    assert company.standing() == (1, True)


def test_the_newest_step_is_put_back_and_makes_all_good(company: Company) -> None:
    company.give_up(step("promoted", version=1, stable=1))
    company.give_up(step("aborted", version=2, stable=1, quarantined=(OTHER,)))
    assert company.standing() == (None, True)

    assert company.put_back() == Redriven(back=1, outdated=1)
    assert company.standing() == (1, True)
