"""What the trainer needs from the outside, and the two documents it speaks with its child.

Owns the promises and the forms of plan and report. Must never do any of it.
"""

from pathlib import Path
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field

from evermodel.common.events.payload import Count, Digest, Name, Ratio, Span, Time, Value
from evermodel.common.events.training import Metric
from evermodel.common.kernel.ids import EventId, ReferenceId
from evermodel.common.models.description import ModelDescription

BUNDLE = "bundle"
HOLDOUT = "holdout.parquet"
REFERENCE = "reference"
PLOTS = "plots"
REPORT = "report.json"
#: How the reason begins where it was no refusal: the child's last words say more.
BROKE = "the training broke"


class Plan(Value):
    """All that a training depends on: the same plan over the same lake gives the same model."""

    model: ModelDescription
    lake: str = Field(description="The lake's root folder.")
    span: Span = Field(description="Event time of the rows to learn from.")
    as_of: Time = Field(description="Labels known before then are used, later ones are not.")
    onset: Time | None = Field(default=None, description="When the world changed, if it did.")
    drifted: tuple[str, ...] = Field(default=(), description="The features that changed.")
    left_out: tuple[Span, ...] = Field(default=(), description="Windows that failed quality.")
    seed: int = 7
    threads: Annotated[int, Field(ge=1)] = 2


class Report(Value):
    """What the child made, or why nothing; ``unavailable``: the lake does not answer now."""

    outcome: Literal["trained", "failed", "unavailable"]
    reason: str
    digest: Digest | None = None
    threshold: Ratio = 0.0
    reference_id: ReferenceId | None = None
    data: Span | None = None
    rows: Count = 0
    frauds: Count = 0
    dataset_digest: Digest | None = None
    code_version: str = ""
    metrics: tuple[Metric, ...] = ()
    parameters: dict[str, str] = Field(default_factory=dict)


class Run(Value):
    """A finished run of the run store: where its artefacts lie, and the report it holds."""

    run_id: str
    bundle_uri: str
    holdout_uri: str
    report: Report

    @classmethod
    def of(cls, run_id: str, report: Report) -> Self:
        """Return the run `run_id` with its artefacts where every store keeps them."""
        return cls(
            run_id=run_id,
            bundle_uri=f"runs:/{run_id}/{BUNDLE}",
            holdout_uri=f"runs:/{run_id}/{HOLDOUT}",
            report=report,
        )


class ChildFailed(Exception):
    """The child died, ran too long or took too much memory; the message says which."""


class Unavailable(Exception):
    """The run store, or the lake, does not answer now."""


class ChildRunner(Protocol):
    """Runs a training where it can be ended: never in the service's own process."""

    def run(self, plan: Plan, *, folder: Path) -> Report:
        """Carry out `plan`, its artefacts into the empty `folder`; return the report.

        Raises:
            ChildFailed: there is no report: it crashed or overran its time or memory.
            Unavailable: the lake does not answer; the same plan may be carried out later.
        """


class RunStore(Protocol):
    """Keeps trainings for ever, one per cause."""

    def find(self, *, model: Name, cause: EventId) -> Run | None:
        """Return the finished run that `cause` led to, or None.

        A run that a crash left half-done is not returned: it is marked failed.

        Raises:
            Unavailable: the store does not answer.
        """

    def record(
        self,
        folder: Path,
        *,
        report: Report,
        plan: Plan,
        cause: EventId,
        caused_at: Time,
        seconds: float,
    ) -> Run:
        """Keep `report` and every file of `folder` as a finished run and return it.

        `seconds`: what the training took, of wall time; for people, and on no event. Where another
        process has recorded `cause` meanwhile, that run is returned and there is no second.

        Raises:
            Unavailable: the store does not answer; look again before making another.
        """


class Workspace(Protocol):
    """Gives each training an empty folder, and takes it back."""

    def folder(self, key: str) -> Path:
        """Return a new empty folder for the training `key`."""

    def discard(self, key: str) -> None:
        """Remove it and what is in it."""
