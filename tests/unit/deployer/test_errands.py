"""Between events Git is told of every model what it is owed, also where one file is broken."""

from datetime import UTC, datetime

import pytest

from evermodel.common.observability.metrics import Metrics
from evermodel.deployer.domain.changes import Change
from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.domain.release import Release
from evermodel.deployer.handlers.errands import TICKS_BETWEEN_TRIES, Errands
from evermodel.deployer.handlers.readings import Readings
from evermodel.deployer.ports import Desired, RepositoryBroken, Written
from tests.unit.deployer.scenario import Inline

#: Names that are the beginnings of each other, the first of which cannot be written.
BROKEN, SOUND = "fraud", ("fraud-eu", "fraud-eu-cards")


class Repository:
    """Takes every change but those of the model whose file a person broke."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def desired(self, _model: str, /) -> Desired | None:
        """Know nothing."""
        return None

    def write(self, change: Change, /) -> Written:
        """Write, or say that the file is broken."""
        self.asked.append(change.model)
        if change.model == BROKEN:
            raise RepositoryBroken("not what the machine wrote")
        return Written(commit="4f1c")


def owing(model: str) -> Lifecycle:
    release = Release(
        version=1,
        model_uri=f"models:/{model}/1",
        artefact_uri="runs:/1/bundle",
        digest="sha256:" + "a" * 64,
        threshold=0.5,
        reference_id="r",
        lifecycle_id="l",
    )
    change = Change(
        model=model,
        to=release,
        replaces=None,
        cause="1",
        lifecycle_id="l",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        reason="better",
    )
    return Lifecycle(model=model, owed=(change,))


@pytest.mark.guarantee(
    "outside",
    fault="a person breaks one model's file in Git while several changes are owed",
    promise="those of the other models reach Git",
    seen="evermodel_git_owed_changes",
)
def test_a_model_whose_file_is_broken_holds_up_no_other_s_change() -> None:
    repository = Repository()
    errands = Errands(repository, beside=Inline(), readings=Readings(Metrics()))
    states = {model: owing(model) for model in (BROKEN, *SOUND)}
    for _ in range(6 * TICKS_BETWEEN_TRIES):
        came_back = errands.tick(states)
        if came_back is not None:
            states[came_back.state.model] = came_back.state
    assert [model for model, state in states.items() if state.owed] == [BROKEN]
    assert repository.asked.count(BROKEN) > 1, "and that one is tried again"
