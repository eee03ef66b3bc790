"""Events, descriptions and evidence that the registrar's tests share."""

from datetime import UTC, datetime
from typing import Any

from evermodel.common.events.drift import Cause
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.rollout import Role, RolloutStep, VersionInPlay
from evermodel.common.events.training import Artefact, ModelTrained
from evermodel.common.kernel.ids import EventId, LifecycleId, ModelName, ReferenceId
from evermodel.common.models.file import parse_model
from evermodel.registrar.adapters.plan import Bundle, Plan
from evermodel.registrar.domain.evidence import Confusion, Evaluated, Evaluation, NoComparison
from evermodel.registrar.ports import Case

MODEL = parse_model(
    """
[model]
name = "fraud"
[stream]
time = "TIME"
label = "FRAUD"
[features]
continuous = ["AMOUNT"]
categorical = ["SHOP"]
flag = ["NIGHT"]
[gates]
slices = ["NIGHT"]
""",
    source="sample",
)
TIME = datetime(2026, 6, 14, tzinfo=UTC)
DIGEST, OTHER = ("sha256:" + letter * 64 for letter in "ab")
PLAN = Plan(model=MODEL, candidate=Bundle(path="nowhere", digest=DIGEST), holdout="nowhere")
GOOD = Confusion(
    true_positives=350, false_positives=650, false_negatives=150, true_negatives=48_850
)
#: Evidence of a good candidate which has no champion to be compared with.
ALONE = Evaluated(
    signature_problem="",
    parity=0.0,
    latency_ms=4.0,
    candidate=GOOD,
    comparison=NoComparison("there is no champion to compare with", champion_expected=False),
)


def artefact(digest: str = DIGEST, *, uri: str = "runs:/run/bundle") -> Artefact:
    return Artefact(uri=uri, digest=digest, threshold=0.5, reference_id=ReferenceId("reference"))


def meta(event: str, *, type_: str = ModelTrained.TYPE) -> EventMeta:
    return EventMeta(
        id=EventId(event),
        type=type_,
        source="/evermodel/test",
        subject="fraud",
        time=TIME,
        lifecycle_id=LifecycleId("life"),
    )


def trained(
    digest: str = DIGEST, *, run_id: str = "run", cause: Cause | None = "feature"
) -> ModelTrained:
    return ModelTrained(
        model=ModelName("fraud"),
        outcome="trained",
        reason="amounts drifted",
        caused_by=EventId("alarm"),
        cause=cause,
        champion=None,
        run_id=run_id,
        artefact=artefact(digest, uri=f"runs:/{run_id}/bundle"),
        holdout_uri=f"runs:/{run_id}/holdout.parquet",
    )


def step(
    action: Any,
    *,
    version: int,
    stable: int,
    challenger: int | None = None,
    quarantined: tuple[str, ...] = (),
) -> RolloutStep:
    serving = [_play(stable, role="champion", weight=100)]
    if challenger is not None:
        serving.append(_play(challenger, role="challenger", weight=0))
    return RolloutStep(
        model=ModelName("fraud"),
        action=action,
        version=version,
        from_version=stable,
        step=1,
        in_play=tuple(serving),
        stable_version=stable,
        desired_version=stable,
        reason="alerts tripled",
        quarantined=quarantined,
    )


def _play(version: int, *, role: Role, weight: int) -> VersionInPlay:
    return VersionInPlay(
        version=version,
        role=role,
        weight=weight,
        model_uri=f"models:/fraud/{version}",
        artefact=artefact(),
    )


class Scripted:
    """An evaluator that answers what the test says and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Evaluation | Exception = ALONE
        self.cases: list[Case] = []

    def evaluate(self, case: Case) -> Evaluation:
        self.cases.append(case)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer
