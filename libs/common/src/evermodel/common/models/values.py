"""What a key of ``model.toml`` may hold: durations, shares, counts; and what every table refuses.

Owns the bounds that keys share. Must never know which key it is about.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from evermodel.common.kernel.durations import format_duration, parse_duration


def _duration(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("a duration needs a unit, in quotes, e.g. '7d' or '30m'")
    return parse_duration(value) if isinstance(value, str) else value


def _some_time(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
SomeTime = Annotated[Duration, AfterValidator(_some_time)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
#: A chance of error, or of none: at 0 and 1 no bound exists.
Chance = Annotated[float, Field(gt=0.0, lt=1.0)]


class Section(BaseModel):
    """A table of the file: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
