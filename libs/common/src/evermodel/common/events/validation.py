"""The registrar's verdict on a candidate, gate by gate."""

from typing import ClassVar, Literal

from pydantic import Field

from evermodel.common.events.payload import Count, Payload, Text, Value, Version
from evermodel.common.events.training import Artefact
from evermodel.common.kernel.ids import EventId

Verdict = Literal["pass", "fail", "no_evidence"]


class GateResult(Value):
    """One question asked of the candidate. ``no_evidence`` never counts as ``pass``."""

    gate: str
    verdict: Verdict
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    bound: float | None = None
    n: Count = 0
    detail: Text = ""


class ModelValidated(Payload):
    """A candidate was accepted or rejected; accepted ones carry a registered version."""

    TYPE: ClassVar[str] = "evermodel.model.validated.v1"

    verdict: Literal["accepted", "rejected"] = Field(
        description="Accepted: it is registered, and may be rolled out."
    )
    reasons: tuple[Text, ...] = Field(description="The verdict in sentences.")
    gates: tuple[GateResult, ...] = Field(
        description="Every question that was asked, with its numbers."
    )
    trained_by: EventId = Field(description="The model.trained event.")
    champion: Version | None = Field(description="The version it was compared with.")
    version: Version | None = Field(
        default=None, description="The number it was registered under; null: rejected."
    )
    model_uri: str | None = Field(default=None, description="models:/<name>/<version>")
    run_id: str | None = Field(default=None, description="The run in MLflow that made it.")
    artefact: Artefact | None = Field(default=None, description="The model that was judged.")
