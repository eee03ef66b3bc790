"""Every step with an effect, by name, and where in the code it is taken: the crash points.

Owns the list. A point is a call; a fault strikes just before it or just after it, when the effect
is there and nobody has been told. The loop's own moments (``messaging/faultpoints.py``) are points
of every service.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from evermodel.common.messaging.faultpoints import Moment

When = Literal["before", "after"]
Action = Literal["kill -9", "exception", "hang", "network cut"]
ACTIONS: tuple[Action, ...] = get_args(Action)
CUT: Action = "network cut"

ROLES: dict[str, tuple[str, ...]] = {
    "scorer": ("evermodel.scorer",),
    "drift-windower": ("evermodel.drift", "windower"),
    "drift-detector": ("evermodel.drift", "detector"),
    "drift-outcomes": ("evermodel.drift", "outcomes"),
    "trainer": ("evermodel.trainer",),
    "registrar": ("evermodel.registrar",),
    "deployer": ("evermodel.deployer",),
}
#: Those whose state is a changelog topic, read again whenever partitions are assigned.
STATEFUL = ("drift-windower", "drift-detector", "drift-outcomes", "trainer", "deployer")


def _always(*_: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Point:
    """A call with an effect. `target`: ``module:attribute``; `is_meant`: of its arguments."""

    name: str
    roles: tuple[str, ...]
    target: str
    when: tuple[When, ...] = ("before", "after")
    is_meant: Callable[..., bool] = _always


def _git(command: str) -> Callable[..., bool]:
    return lambda _self, first, *_: first == command


def _mlflow(name: str, *roles: str, method: str) -> Point:
    return Point(name=name, roles=roles, target=f"mlflow.tracking.client:MlflowClient.{method}")


_REPOSITORY = "evermodel.deployer.adapters.git_repository:GitRepository._git"

POINTS: tuple[Point, ...] = (
    Point(
        name="state read from its changelog",
        roles=STATEFUL,
        target="evermodel.common.messaging.restoring:Keeper.restore",
    ),
    # --- scorer
    Point(
        name="bundle fetched",
        roles=("scorer",),
        target="evermodel.scorer.adapters.cached_bundles:CachedBundles.fetch",
    ),
    Point(
        name="model loaded",
        roles=("scorer",),
        target="evermodel.scorer.adapters.process_scoring:ProcessScoring.load",
    ),
    # --- drift
    Point(
        name="lake file put in its place",
        roles=("drift-windower",),
        target="evermodel.drift.adapters.parquet_lake:ParquetLake.write",
    ),
    Point(
        name="lake file drafted",
        roles=("drift-windower",),
        target="evermodel.drift.adapters.parquet_lake:pq.write_table",
    ),
    Point(
        name="reference read from the lake",
        roles=("drift-windower", "drift-detector"),
        target="evermodel.drift.adapters.lake_references:LakeReferences.get",
    ),
    Point(
        name="report child",
        roles=("drift-detector",),
        target="evermodel.drift.adapters.process_reports:ProcessReports.file",
    ),
    Point(
        name="outcomes joined",
        roles=("drift-outcomes",),
        target="evermodel.drift.adapters.duckdb_outcomes:DuckdbOutcomes.join",
    ),
    # --- trainer
    Point(
        name="training child",
        roles=("trainer",),
        target="evermodel.trainer.adapters.process_child:ProcessChild.run",
    ),
    Point(
        name="training child runs",
        roles=("trainer",),
        target="evermodel.common.runtime.bounded:watch",
        when=("before",),
    ),
    _mlflow("MLflow experiment", "trainer", method="create_experiment"),
    _mlflow("MLflow run", "trainer", method="create_run"),
    _mlflow("MLflow metrics", "trainer", method="log_batch"),
    _mlflow("MLflow artefacts", "trainer", method="log_artifacts"),
    _mlflow("MLflow run finished", "trainer", method="set_terminated"),
    # --- registrar
    Point(
        name="artefact fetched",
        roles=("registrar",),
        target="evermodel.registrar.adapters.staged_evaluator:StagedEvaluator._fetch",
    ),
    Point(
        name="evaluation child",
        roles=("registrar",),
        target="evermodel.registrar.adapters.child_evaluation:ChildEvaluation.__call__",
    ),
    Point(
        name="evaluation child runs",
        roles=("registrar",),
        target="evermodel.common.runtime.ahead:watch",
        when=("before",),
    ),
    _mlflow("registered model", "registrar", method="create_registered_model"),
    _mlflow("version", "registrar", method="create_model_version"),
    _mlflow("alias set", "registrar", method="set_registered_model_alias"),
    _mlflow("alias dropped", "registrar", method="delete_registered_model_alias"),
    _mlflow("judgement kept", "registrar", method="set_registered_model_tag"),
    _mlflow("quarantine", "registrar", method="set_model_version_tag"),
    # --- deployer
    Point(name="Git fetch", roles=("deployer",), target=_REPOSITORY, is_meant=_git("fetch")),
    Point(name="Git commit", roles=("deployer",), target=_REPOSITORY, is_meant=_git("commit-tree")),
    Point(name="Git push", roles=("deployer",), target=_REPOSITORY, is_meant=_git("push")),
)

#: What the loop calls its moments, in the words of the page.
MOMENTS: dict[Moment, str] = {
    "polled": "events read, none decoded",
    "handled": "decoded and handled",
    "sent": "published, transaction open",
    "committing": "transaction about to be committed",
    "offsets sent": "offsets sent, transaction open",
    "committed": "transaction committed",
}


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A crash point of one service: the unit of the matrix."""

    role: str
    point: str
    when: str

    @property
    def name(self) -> str:
        """A name fit for a file."""
        return f"{self.role}.{self.when} {self.point}".replace(" ", "_").replace(",", "")

    def __str__(self) -> str:
        return f"{self.role}: {self.when} {self.point}"


def spots() -> Iterator[Spot]:
    """Yield every row of the matrix."""
    for role in ROLES:
        for told in MOMENTS.values():
            yield Spot(role=role, point=told, when="with")
        for point in POINTS:
            if role in point.roles:
                for when in point.when:
                    yield Spot(role=role, point=point.name, when=when)
