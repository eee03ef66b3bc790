"""What serves, in which share, and on what evidence it changed."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from evermodel.common.events.payload import Count, Digest, Payload, Percent, Text, Value, Version
from evermodel.common.events.training import Artefact
from evermodel.common.events.validation import Verdict

Action = Literal[
    "started",
    "advanced",
    "held",
    "promoted",
    "completed",
    "aborted",
    "rolled_back",
    "resumed",
    "queued",
    "declined",
]
Role = Literal["champion", "challenger", "former_champion"]

#: How the reason of a step begins that a person ordered.
ORDERED = "ordered by "


class VersionInPlay(Value):
    """A version the scorer must load: with weight it decides, without it shadows."""

    version: Version
    role: Role
    weight: Percent
    model_uri: str
    artefact: Artefact


class Check(Value):
    """One question the judge asked, with its numbers."""

    check: str
    verdict: Verdict
    value: float | None = None
    bound: float | None = None
    n: Count = 0
    detail: Text = ""


class RolloutStep(Payload):
    """A change of what serves, or a decision not to change it.

    ``started``: shadowing or first share. ``advanced``: the next share. ``held``: a person is
    asked. ``promoted``: the challenger took all traffic and is champion; the former one
    shadows. ``completed``: the label horizon passed, the former champion retires.
    ``aborted``: back to zero before promotion. ``rolled_back``: undone after promotion.
    ``resumed``: a person lets it go on; with a `commit`: Git has taken what an earlier step
    owed it. ``queued``: waits until the rollout in progress has ended. ``declined``: nothing is
    done about a version or an order, and `reason` says why. Neither changes what serves.
    """

    TYPE: ClassVar[str] = "evermodel.rollout.step.v1"

    action: Action = Field(description="What was decided; see above.")
    version: Version = Field(description="The version this rollout is about.")
    from_version: Version | None = Field(description="The version it set out to replace.")
    step: Count = Field(description="0 = shadow, then one per share in the policy.")
    in_play: tuple[VersionInPlay, ...] = Field(
        description="All that scorers load, with weights that sum to 100."
    )
    stable_version: Version = Field(
        description="The champion: what serves if nothing is being rolled out."
    )
    desired_version: Version = Field(description="What Git says.")
    commit: str | None = Field(default=None, description="The commit this step tells of, if any.")
    reason: Text = Field(description="The decision in one sentence.")
    evidence: tuple[Check, ...] = Field(
        default=(), description="What the judge asked, with its numbers."
    )
    quarantined: tuple[Digest, ...] = Field(
        default=(), description="Artefacts that were taken back and may not be rolled out."
    )

    @property
    def obeys_an_order(self) -> bool:
        """Whether a person ordered it. A ``declined`` that does so drops what waited."""
        return self.reason.startswith(ORDERED)

    @property
    def only_tells_of_git(self) -> bool:
        """Whether it decides nothing: Git has taken what an earlier step owed it."""
        return self.action == "resumed" and self.commit is not None

    @model_validator(mode="after")
    def _weights_sum(self) -> "RolloutStep":
        if sum(v.weight for v in self.in_play) != 100:
            raise ValueError("the weights of the versions in play must sum to 100")
        return self
