"""What a person asked for. A command is an event: who, why, and then what came of it."""

from typing import ClassVar, Literal

from pydantic import Field

from evermodel.common.events.payload import Payload, Text, Version


class LifecycleCommand(Payload):
    """A person's order to one model's lifecycle."""

    TYPE: ClassVar[str] = "evermodel.lifecycle.command.v1"

    command: Literal["pause", "resume", "retrain", "promote", "abort", "lift_hold"]
    who: Text = Field(min_length=1)
    why: Text = Field(min_length=1)
    version: Version | None = None
