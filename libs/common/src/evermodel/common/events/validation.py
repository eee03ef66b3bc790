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

    verdict: Literal["accepted", "rejected"]
    reasons: tuple[Text, ...]
    gates: tuple[GateResult, ...]
    trained_by: EventId = Field(description="The model.trained event.")
    champion: Version | None = Field(description="The version it was compared with.")
    version: Version | None = None
    model_uri: str | None = Field(default=None, description="models:/<name>/<version>")
    run_id: str | None = None
    artefact: Artefact | None = None
