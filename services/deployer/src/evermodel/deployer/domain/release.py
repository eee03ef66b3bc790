"""A model version as a thing that can be put in front of traffic.

Values. Must never say which version deserves its share.
"""

from dataclasses import dataclass

from evermodel.common.events.rollout import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A registered version with everything a scorer needs to load it.

    `lifecycle_id` is that of the turn which made it: every step of its rollout carries it.
    """

    version: int
    model_uri: str
    artefact_uri: str
    digest: str
    threshold: float
    reference_id: str
    lifecycle_id: str

    def __post_init__(self) -> None:
        if self.version < 1:
            raise ValueError(f"versions count from 1, not {self.version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One version in play and its percent of the traffic; 0 = it shadows."""

    release: Release
    role: Role
    weight: int


def shares(
    champion: Release, *, challenger: Release | None = None, weight: int = 0
) -> tuple[Share, ...]:
    """Return who serves while `challenger` has `weight` percent. They sum to 100."""
    if not 0 <= weight < 100:
        raise ValueError(f"a challenger has 0 to 99 percent, not {weight}")
    if challenger is None:
        return (Share(release=champion, role="champion", weight=100),)
    return (
        Share(release=champion, role="champion", weight=100 - weight),
        Share(release=challenger, role="challenger", weight=weight),
    )


def watched(champion: Release, *, former: Release) -> tuple[Share, ...]:
    """Return who serves after a promotion: the former champion shadows."""
    return (
        Share(release=champion, role="champion", weight=100),
        Share(release=former, role="former_champion", weight=0),
    )
