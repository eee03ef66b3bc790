"""What a rollout step changes in the registry: aliases and the quarantine.

Owns the mapping from steps to changes. Must never write them. Every change is absolute ("the
champion is 7"), so that making it twice is making it once.
"""

from dataclasses import dataclass
from typing import Literal, assert_never

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


def changes_of(
    action: Action, *, version: int, stable: int, quarantined: tuple[str, ...], reason: str
) -> tuple[Change, ...]:
    """Return what a step about `version`, with `stable` to fall back on, changes.

    Every step names all that is `quarantined`: an abort that blames nobody adds nothing, and a
    hold that a person lifts is gone from the next step on.
    """
    return (
        *_aliases(action, version=version, stable=stable),
        Quarantine(quarantined, reason),
    )


def _aliases(action: Action, *, version: int, stable: int) -> tuple[Change, ...]:
    match action:
        case "started":
            return (SetAlias("challenger", version),)
        case "advanced" | "held" | "resumed" | "queued" | "declined":
            return ()
        case "promoted":
            return (SetAlias("champion", version), DropAlias("challenger", version))
        case "completed":
            return (SetAlias("champion", version), SetAlias("last_verified", version))
        case "aborted" | "rolled_back":
            return (SetAlias("champion", stable), DropAlias("challenger", version))
        case _:
            assert_never(action)
