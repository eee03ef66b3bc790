"""What a key of ``model.toml`` may hold: durations, shares, counts; and what every table refuses.

Owns the bounds that keys share. Must never know which key it is about.
"""

import re
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
)

from evermodel.common.events.catalogue import CATALOGUE, TRANSACTIONS
from evermodel.common.kernel.durations import format_duration, parse_duration

#: The largest seed of NumPy's older generators, which Keras seeds as well.
MOST_SEED = 2**32 - 1
#: Windows are laid on a grid and each is an event: of shorter ones there would be no end.
LEAST_WINDOW = timedelta(minutes=1)


def _duration(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("a duration needs a unit, in quotes, e.g. '7d' or '30m'")
    return parse_duration(value) if isinstance(value, str) else value


def _some_time(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


def _window(value: timedelta) -> timedelta:
    if value < LEAST_WINDOW:
        raise ValueError("expected a duration of at least 1m")
    return value


def _topic(name: str) -> str:
    """Refuse what no broker takes as a topic's name, and the topics of others.

    Kafka refuses a name that differs from another only by ``.`` for ``_``.
    """
    if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name) or name in {".", ".."}:
        rule = "1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-', and more than dots"
        raise ValueError(f"expected a topic's name, {rule}, got {name!r}")
    folded = name.replace(".", "_")
    taken = {topic.name.replace(".", "_"): topic.name for topic in CATALOGUE}
    if name != TRANSACTIONS.name and folded in taken:
        own = taken[folded]
        alike = "is" if name == own else "differs only by '.' and '_' from"
        raise ValueError(
            f"expected a topic of payments, and {name!r} {alike} evermodel's own {own!r}: "
            "choose another"
        )
    if name.startswith("__"):
        raise ValueError(f"expected a topic of payments, and {name!r} is named as Kafka's own are")
    return name


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
SomeTime = Annotated[Duration, AfterValidator(_some_time)]
WindowLength = Annotated[Duration, AfterValidator(_some_time), AfterValidator(_window)]
TopicName = Annotated[str, AfterValidator(_topic)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
#: A chance of error, or of none: at 0 and 1 no bound exists.
Chance = Annotated[float, Field(gt=0.0, lt=1.0)]
#: Rows, or frauds among them; no window holds a billion.
Rows = Annotated[int, Field(ge=1, le=1_000_000_000)]
Seed = Annotated[int, Field(ge=0, le=MOST_SEED)]


class Section(BaseModel):
    """A table of the file: frozen, finite numbers only, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    #: The keys that may be true or false.
    TRUTHS: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true and false where a number is meant: Python would count them as 1 and 0."""
        found = value if isinstance(value, list) else [value]
        if info.field_name not in cls.TRUTHS and any(isinstance(each, bool) for each in found):
            raise ValueError("expected a number or a text, and true or false is neither")
        return value
