"""What can happen to a model's lifecycle, and what is then said about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from evermodel.common.events.rollout import Action
from evermodel.deployer.domain.evidence import Cohort, Window
from evermodel.deployer.domain.release import Release, Share
from evermodel.deployer.domain.verdicts import Finding

Command = Literal["pause", "resume", "promote", "abort", "lift_hold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The registrar accepted a version."""

    release: Release


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed:
    """A window of scored transactions closed."""

    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Matured:
    """The labels of a cohort matured."""

    cohort: Cohort


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingFailed:
    """A scorer could not load or run a version."""

    version: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A person gave an order."""

    command: Command
    who: str
    why: str
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """Git already wants another version, which somebody else wrote."""

    desired: int


Happening = Accepted | WindowClosed | Matured | ServingFailed | Ordered | Overtaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The event behind a happening: its id, and event time.

    `hindrance`: why the engine cannot give a challenger more weight now; empty when it may.
    """

    cause: str
    now: datetime
    hindrance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A fact: what serves from now on, or why nothing changes. Becomes one ``rollout.step``."""

    action: Action
    release: Release
    from_version: int | None
    step: int
    in_play: tuple[Share, ...]
    stable_version: int
    reason: str
    findings: tuple[Finding, ...]
    quarantined: tuple[str, ...]


class Refused(Exception):
    """An order that can never be carried out, e.g. to a model that serves nothing."""
