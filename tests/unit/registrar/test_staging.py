"""What happens when the files of an evaluation are not all there."""

from pathlib import Path

import pytest

from evermodel.registrar.adapters.directory_artefacts import DirectoryArtefacts
from evermodel.registrar.adapters.plan import Plan
from evermodel.registrar.adapters.staged_evaluator import MissingArtefact, StagedEvaluator
from evermodel.registrar.domain.evidence import Evaluation, NotEvaluated, Unloadable
from evermodel.registrar.ports import Case
from tests.unit.registrar.samples import MODEL, artefact

FOUND = NotEvaluated("stands for any evidence")


class Stage:
    """A folder of runs, and an evaluation that remembers its plan."""

    def __init__(self, folder: Path) -> None:
        self.runs, self.work = folder / "runs", folder / "work"
        self.plans: list[Plan] = []
        self.evaluator = StagedEvaluator(
            store=DirectoryArtefacts(self.runs), run=self.run, work=self.work
        )

    def run(self, plan: Plan, _folder: Path) -> Evaluation:
        assert (Path(plan.candidate.path) / "bundle.json").is_file()
        self.plans.append(plan)
        return FOUND

    def lay(self, run: str, *, holdout: bool = True) -> None:
        bundle = self.runs / run / "bundle"
        bundle.mkdir(parents=True)
        (bundle / "bundle.json").write_text("{}")
        if holdout:
            (self.runs / run / "holdout.parquet").write_bytes(b"PAR1")

    def evaluate(self, *, champion: str | None = None) -> Evaluation:
        case = Case(
            key="event",
            model=MODEL,
            candidate=artefact(uri="runs:/new/bundle"),
            champion=None if champion is None else artefact(uri=f"runs:/{champion}/bundle"),
            holdout_uri="runs:/new/holdout.parquet",
        )
        return self.evaluator.evaluate(case)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_everything_is_brought_together_and_cleared_up(stage: Stage) -> None:
    stage.lay("new")
    stage.lay("old")
    assert stage.evaluate(champion="old") == FOUND
    (plan,) = stage.plans
    assert plan.champion is not None
    assert not list((stage.work / "evaluations").iterdir())


def test_what_a_crash_left_behind_is_no_obstacle(stage: Stage) -> None:
    stage.lay("new")
    left = stage.work / "evaluations" / "event" / "candidate" / "bundle"
    left.mkdir(parents=True)
    assert stage.evaluate() == FOUND


def test_a_candidate_that_is_not_there_cannot_be_loaded(stage: Stage) -> None:
    assert stage.evaluate() == Unloadable("no such artefact: runs:/new/bundle")


def test_a_holdout_that_is_not_there_blames_nobody(stage: Stage) -> None:
    stage.lay("new", holdout=False)
    found = stage.evaluate()
    assert found == NotEvaluated("no hold-out: no such artefact: runs:/new/holdout.parquet")


def test_a_champion_that_is_gone_is_still_expected_in_the_comparison(stage: Stage) -> None:
    stage.lay("new")
    stage.evaluate(champion="gone")
    (plan,) = stage.plans
    assert plan.champion is None
    assert plan.without_champion().champion_expected
    assert "runs:/gone/bundle" in plan.without_champion().reason


@pytest.mark.parametrize(
    "uri", ["runs:/../secret", "runs:/new/../../secret", "runs:/new", "/etc/passwd", "s3://b/k"]
)
def test_only_artefacts_of_runs_are_fetched(uri: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "runs" / "new").mkdir(parents=True)
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(MissingArtefact):
        DirectoryArtefacts(tmp_path / "runs").fetch(uri, into=into)
    assert not list(into.iterdir())
