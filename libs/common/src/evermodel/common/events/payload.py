"""The base of every payload, and the field types they share.

Producers are strict: an unknown field is an error when an event is made. Consumers are
lenient: the codec drops what it does not know, so that a field may be added to ``v1``.
"""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from evermodel.common.kernel.ids import ModelName
from evermodel.common.kernel.meant_time import EARLIEST, LATEST
from evermodel.common.kernel.redaction import redact

#: Characters that a service keeps of who asked for something and why. It is told again in what
#: follows: with the rest of an event around it, one that fills its own record would fit no other.
LONGEST_TOLD = 1000


def _meant(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without a zone is ambiguous: write it with an offset, e.g. 'Z'")
    if not EARLIEST <= value <= LATEST:
        raise ValueError("it lies before the year 1900 or after 9998")
    return value


Time = Annotated[datetime, AfterValidator(_meant)]
Name = Annotated[
    ModelName, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="The model's name.")
]
Version = Annotated[int, Field(ge=1, description="The number of a registered model version.")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
#: Free text for people. It often repeats what a foreign system said, so it never holds a secret.
Text = Annotated[str, AfterValidator(redact)]
Ratio = Annotated[float, Field(ge=0.0, le=1.0)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Value(BaseModel):
    """A part of a payload: immutable, without unknown fields, finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Payload(Value):
    """The data of one event. ``TYPE`` is its CloudEvents type, version included."""

    TYPE: ClassVar[str]

    model: Name


class Span(Value):
    """Half-open event time: ``start <= t < end``."""

    start: Time
    end: Time
