"""A model that somebody swapped is not loaded: in the store, in MLflow, in an event or in Git.

The digest stands in the event, in the registry and in Git. Whoever loads computes it first, and
what does not fit is refused and told, before TensorFlow sees a byte.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from evermodel.artefact.bundle import digest_of
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.training import Artefact
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.errors import Permanent
from evermodel.common.kernel.ids import ModelName, ReferenceId
from evermodel.common.testing.sample import settled
from evermodel.registrar.adapters import mlflow_registry as tags
from evermodel.registrar.adapters.mlflow_artefacts import MlflowArtefacts
from evermodel.registrar.adapters.mlflow_judgements import MlflowJudgements
from evermodel.registrar.adapters.mlflow_registry import MlflowRegistry
from evermodel.registrar.adapters.plan import Plan
from evermodel.registrar.adapters.staged_evaluator import StagedEvaluator
from evermodel.registrar.child.evaluation import evaluate
from evermodel.registrar.domain.evidence import Evaluation, Unloadable
from evermodel.registrar.handlers import Registrar
from evermodel.registrar.ports import Candidate
from evermodel.scorer.adapters.cached_bundles import CachedBundles
from evermodel.scorer.adapters.logistic_scoring import LogisticScoring
from evermodel.scorer.adapters.mlflow_bundles import MlflowDownload
from evermodel.scorer.handlers.loading import Loader, Loading
from tests.unit.deployer.scenario import FRAUD, Story
from tests.unit.registrar.samples import MODEL, meta, trained
from tests.unit.scorer.bench import FORM, step

if TYPE_CHECKING:
    from mlflow import MlflowClient

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

FORMULA = '{"bias": -4.0, "weights": {"TX_AMOUNT": 0.02}}'
EVIL = '{"bias": -99.0, "weights": {"TX_AMOUNT": 0.0}}'


@dataclass(frozen=True)
class Stored:
    """A bundle in a run of a real MLflow server."""

    server: str
    run: str
    digest: str
    client: "MlflowClient"

    @property
    def uri(self) -> str:
        return f"runs:/{self.run}/bundle"

    def artefact(self, **changes: Any) -> Artefact:
        as_trained: Mapping[str, Any] = {"uri": self.uri, "digest": self.digest}
        rest = {"threshold": 0.5, "reference_id": ReferenceId("reference")}
        return Artefact(**{**as_trained, **rest, **changes})

    def swap(self, folder: Path) -> None:
        """Put another model where this one lies, as whoever may write artefacts can."""
        write(folder, EVIL)
        self.client.log_artifacts(self.run, str(folder), "bundle")


def write(folder: Path, formula: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "bundle.json").write_text("{}")
    (folder / "logistic.json").write_text(formula)


@pytest.fixture
def stored(mlflow_server: str, tmp_path: Path) -> Stored:
    from mlflow import MlflowClient  # noqa: PLC0415  # 2.5 s

    client = MlflowClient(tracking_uri=mlflow_server)
    run = client.create_run("0").info.run_id
    write(tmp_path / "bundle", FORMULA)
    client.log_artifacts(run, str(tmp_path))
    return Stored(mlflow_server, run, digest_of(tmp_path / "bundle"), client)


def serve(stored: Stored, work: Path, named: Artefact) -> Loading:
    """Return what a scorer makes of a step that names `named` for a challenger."""
    cache = CachedBundles(
        work / "cache", download=MlflowDownload(stored.server), digest_of=digest_of
    )
    loader = Loader(bundles=cache, scoring=LogisticScoring(digest_of=digest_of))
    in_play = {
        "version": 2,
        "role": "challenger",
        "weight": 100,
        "model_uri": "models:/fraud/2",
        "artefact": named.model_dump(),
    }
    return loader.load(step(in_play), before={}, form=FORM)


def became(loading: Loading) -> Sequence[str]:
    """Return what a deployer does that is told so of its challenger."""
    told = ServingApplied(model=FRAUD, replica="0", step_event_id="step-1", versions=loading.states)
    return Story().accepted(1).accepted(2).happens(told).actions[2:]


def test_the_bundle_serves_as_long_as_nobody_touches_it(stored: Stored, tmp_path: Path) -> None:
    loading = serve(stored, tmp_path, stored.artefact())
    assert [*loading.ready] == [2]
    assert became(loading) == []


@pytest.mark.guarantee(
    "security",
    fault="a file of the bundle is swapped in MLflow's artefact store",
    promise="the scorer does not load it and says so: a challenger is taken back at once",
    seen="scorer logs 'fraud v2 cannot serve'; serving.applied state failed, with both digests; "
    "rollout.step aborted",
)
def test_a_swapped_file_is_not_served(
    stored: Stored, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored.swap(tmp_path / "evil")
    loading = serve(stored, tmp_path, stored.artefact())
    assert not loading.ready
    (answer,) = loading.states
    assert answer.state == "failed"
    assert answer.reason is not None
    assert f"not {stored.digest}" in answer.reason
    assert "fraud v2 cannot serve" in caplog.text
    assert became(loading) == ["aborted v2", "resumed v1"]
    assert not [*(tmp_path / "cache").iterdir()]


@pytest.mark.guarantee(
    "security",
    fault="rollout.step names {change} for a version",
    promise="the scorer does not load it and says so: a challenger is taken back at once",
    seen="scorer logs 'fraud v2 cannot serve'; serving.applied state failed; rollout.step aborted",
)
@pytest.mark.parametrize(
    "change", ["another digest", "another bundle", "a file of the machine", "an address elsewhere"]
)
def test_an_event_that_names_something_else_is_not_obeyed(
    change: str, stored: Stored, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "elsewhere", EVIL)
    changes = {
        "another digest": {"digest": "sha256:" + "e" * 64},
        "another bundle": {"uri": f"runs:/{stored.run}/bundle/logistic.json"},
        "a file of the machine": {
            "uri": (tmp_path / "elsewhere").as_uri(),
            "digest": digest_of(tmp_path / "elsewhere"),
        },
        "an address elsewhere": {"uri": "http://127.0.0.1:9/bundle"},
    }
    loading = serve(stored, tmp_path, stored.artefact(**changes[change]))
    assert not loading.ready
    assert [answer.state for answer in loading.states] == ["failed"]
    assert "fraud v2 cannot serve" in caplog.text
    assert became(loading) == ["aborted v2", "resumed v1"]
    assert (tmp_path / "elsewhere" / "logistic.json").exists()


def registrar_over(stored: Stored, work: Path) -> Registrar:
    def run(plan: Plan, _folder: Path) -> Evaluation:
        return evaluate(plan)

    store = MlflowArtefacts(stored.server)
    return Registrar(
        models={"fraud": MODEL},
        registry=MlflowRegistry(stored.server),
        judgements=MlflowJudgements(stored.server),
        evaluator=StagedEvaluator(store=store, run=run, work=work / "work"),
    )


def judged(stored: Stored, work: Path, *, event: str) -> ModelValidated:
    """Return what a registrar says of the training that made the bundle."""
    told = trained(stored.digest, run_id=stored.run)
    told = told.model_copy(update={"holdout_uri": stored.uri})  # never reached
    found = settled(registrar_over(stored, work).on_model_trained(told, meta(event)))
    (emitted,) = found.events
    assert isinstance(emitted.payload, ModelValidated)
    return emitted.payload


@pytest.mark.guarantee(
    "security",
    fault="a file of the candidate's bundle is swapped in MLflow before it is judged",
    promise="the registrar rejects it before TensorFlow sees a byte; it gets no version",
    seen="model.validated rejected: 'loads: the bundle's digest is …, expected …'",
)
def test_a_swapped_candidate_is_rejected(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(**_: object) -> None:
        raise AssertionError("TensorFlow was started")

    monkeypatch.setattr("evermodel.artefact.scoring.start_tensorflow", started)
    stored.swap(tmp_path / "evil")
    verdict = judged(stored, tmp_path, event=f"swapped-{stored.run}")
    assert (verdict.verdict, verdict.version) == ("rejected", None)
    assert f"expected {stored.digest}" in " ".join(verdict.reasons)


@pytest.mark.guarantee(
    "security",
    fault="somebody plants the registrar's judgement of another artefact in MLflow's tags",
    promise="it is not published: what the event names is judged anew",
    seen="registrar logs 'the kept judgement of … is of another artefact: it is judged anew'",
)
def test_a_planted_judgement_is_not_published(
    stored: Stored, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    event = f"planted-{stored.run}"
    evil = stored.artefact(digest="sha256:" + "e" * 64, uri="runs:/evil/bundle")
    planted = ModelValidated(
        model=ModelName("fraud"),
        verdict="accepted",
        reasons=("all is well",),
        gates=(),
        trained_by=meta(event).id,
        champion=None,
        version=66,
        model_uri="models:/fraud/66",
        run_id="evil",
        artefact=evil,
    )
    MlflowJudgements(stored.server).keep(planted)
    with caplog.at_level(logging.ERROR):
        verdict = judged(stored, tmp_path, event=event)
    assert verdict.verdict == "rejected", "it is no SavedModel"
    assert verdict.artefact == stored.artefact()
    assert "is of another artefact: it is judged anew" in caplog.text


@pytest.mark.guarantee(
    "security",
    fault="a version for this training, with another digest, stands in the registry already",
    promise="the training is given up: no event names that version",
    seen="registrar.dead-letter: 'somebody else's hand was in the registry'",
)
def test_a_version_that_somebody_made_beforehand_is_not_taken_for_ours(
    stored: Stored, tmp_path: Path
) -> None:
    registry, event = MlflowRegistry(stored.server), f"beforehand-{stored.run}"
    made = registrar_over(stored, tmp_path)
    told = trained(stored.digest, run_id=stored.run)
    evil = replace(_candidate(event, stored), artefact=stored.artefact(digest="sha256:" + "e" * 64))
    registry.register(ModelName("fraud"), candidate=evil)
    accepted = ModelValidated(
        model=ModelName("fraud"),
        verdict="accepted",
        reasons=(),
        gates=(),
        trained_by=meta(event).id,
        champion=None,
        run_id=stored.run,
        artefact=told.artefact,
    )
    MlflowJudgements(stored.server).keep(accepted)
    with pytest.raises(Permanent, match="somebody else's hand was in the registry"):
        settled(made.on_model_trained(told, meta(event)))


@pytest.mark.guarantee(
    "security",
    fault="the champion's tag {tag} in MLflow is changed to {text}",
    promise="no candidate is compared with it: the evaluation is given up, nothing is loaded",
    seen="registrar.dead-letter: 'MLflow's tags of … are not as the registrar wrote them'",
)
@pytest.mark.parametrize(
    ("tag", "text"), [(tags.DIGEST, "latest"), (tags.THRESHOLD, "low"), (tags.THRESHOLD, "7")]
)
def test_a_changed_tag_of_the_champion_is_told(
    tag: str, text: str, stored: Stored, tmp_path: Path
) -> None:
    event = f"champion-{stored.run}"
    registry, fraud = MlflowRegistry(stored.server), ModelName("fraud")
    made = registry.register(fraud, candidate=_candidate(event, stored))
    registry.set_alias(fraud, alias="champion", version=made.version)
    stored.client.set_model_version_tag("fraud", str(made.version), tag, text)
    try:
        with pytest.raises(Permanent, match="not as the registrar wrote them"):
            judged(stored, tmp_path, event=f"next-{stored.run}")
    finally:
        registry.drop_alias(fraud, alias="champion", version=made.version)


@pytest.mark.guarantee(
    "security",
    fault="the digest that an evaluation expects is not that of the bundle it was handed",
    promise="the evaluation's own process loads nothing and says both digests",
    seen="model.validated: 'the bundle's digest is …, expected …'",
)
def test_the_evaluation_itself_checks_again(stored: Stored, tmp_path: Path) -> None:
    bundle = {"path": str(tmp_path / "bundle"), "digest": "sha256:" + "e" * 64}
    plan = Plan.model_validate({"model": MODEL, "candidate": bundle, "holdout": str(tmp_path)})
    assert evaluate(plan) == Unloadable(
        f"the bundle's digest is {stored.digest}, expected sha256:" + "e" * 64
    )


def _candidate(event: str, stored: Stored) -> Candidate:
    cause = meta(event).id
    return Candidate(
        trained_by=cause, lifecycle_id=None, run_id=stored.run, artefact=stored.artefact()
    )
