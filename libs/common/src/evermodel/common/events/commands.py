"""What a person asked for. A command is an event: who, why, and then what came of it."""

from typing import ClassVar, Literal

from pydantic import Field

from evermodel.common.events.payload import Payload, Text, Version


class LifecycleCommand(Payload):
    """A person's order to one model's lifecycle."""

    TYPE: ClassVar[str] = "evermodel.lifecycle.command.v1"

    command: Literal["pause", "resume", "retrain", "promote", "abort", "lift_hold"] = Field(
        description="What is to happen. `retrain` is for the trainer, `pause` and `resume` for it "
        "and the deployer, the others for the deployer."
    )
    who: Text = Field(min_length=1, description="The person, as they named themselves.")
    why: Text = Field(
        min_length=1, description="Their reason: it stands in what follows, and in the commit."
    )
    version: Version | None = Field(
        default=None,
        description="The version that is meant; null: whichever the order can be about.",
    )
