"""What a rollout step changes in the registry: aliases and the quarantine.

Owns the mapping from steps to changes. Must never write them. Every change is absolute ("the
champion is 7"), so that making it twice is making it once.
"""

from dataclasses import dataclass
from typing import Literal

from evermodel.common.events.rollout import Action

Alias = Literal["challenger", "champion", "last_verified"]


@dataclass(frozen=True, slots=True)
class SetAlias:
    """`alias` names `version` from now on."""

    alias: Alias
    version: int


@dataclass(frozen=True, slots=True)
class DropAlias:
    """`alias` names nothing when it named `version`."""

    alias: Alias
    version: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Exactly these artefacts were taken back and must not return by themselves."""

    digests: tuple[str, ...]
    reason: str


Change = SetAlias | DropAlias | Quarantine


def changes_of(  # a step says much, and all of it matters
    action: Action,
    *,
    version: int,
    stable: int,
    challenger: int | None,
    quarantined: tuple[str, ...],
    reason: str,
) -> tuple[Change, ...]:
    """Return what a step about `version` changes while `stable` is champion.

    Every step tells all that holds, whatever happened before it: one that was given up is made
    good by the next. `challenger`: who is on trial; while nobody is, a version that was registered
    after this step was said may be named already, and stays.
    """
    on_trial: Change = DropAlias("challenger", version)
    if challenger is not None:
        on_trial = SetAlias("challenger", challenger)
    verified = (SetAlias("last_verified", stable),) if action == "completed" else ()
    return SetAlias("champion", stable), on_trial, Quarantine(quarantined, reason), *verified
