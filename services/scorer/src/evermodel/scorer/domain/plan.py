"""What serves: the versions in play, their shares, and who stands in for whom.

A challenger never receives more than its share. A version that cannot answer loses its share
to the champion; when the champion cannot answer, to the former champion; when neither can,
the payment passes unscored, which the caller can see.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from evermodel.common.events.rollout import Role
from evermodel.scorer.domain.assignment import Share, assign, places_of

_FIRST = {"challenger": 0, "former_champion": 1, "champion": 2}
_STAND_IN = ("champion", "former_champion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A version in play. `weight` is the percentage of entities it decides for."""

    version: int
    role: Role
    weight: int
    threshold: float

    @property
    def is_canary(self) -> bool:
        """Whether it is new and already decides for some."""
        return self.role == "challenger" and self.weight > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The versions that are loaded, and how entities are shared among them.

    `players`: challengers first, so that their places never move when their weight grows.
    `stand_ins`: who decides, in this order, when the assigned version gives no answer.
    """

    salt: str
    players: tuple[Player, ...]
    shares: tuple[Share, ...]
    stand_ins: tuple[int, ...]
    reference: str | None

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version that scores."""
        return tuple(player.version for player in self.players)

    def chance(self, version: int) -> float:
        """Return the chance that an entity drawn at random is assigned to `version`."""
        before = 0.0
        for share in self.shares:
            if share.version == version:
                return (share.until - before) / 100
            before = share.until
        return 0.0


UNSERVED = Plan(salt="", players=(), shares=(), stand_ins=(), reference=None)


def plan_of(
    players: Iterable[Player], *, ready: Iterable[int], salt: str, reference: str | None
) -> Plan:
    """Return the plan for those of `players` that are `ready`; the others' weight moves on."""
    usable = set(ready)
    ordered = sorted(players, key=lambda p: (_FIRST[p.role], p.version))
    loaded = tuple(player for player in ordered if player.version in usable)
    stand_ins = tuple(p.version for role in _STAND_IN for p in loaded if p.role == role)
    weights = {player.version: player.weight for player in loaded}
    lost = 100 - sum(weights.values())
    if lost and stand_ins:  # with only a challenger left, nobody decides for the others
        weights[stand_ins[0]] += lost
    return _shared(loaded, weights, salt, stand_ins, reference)


def assigned(entities: list[str], *, plan: Plan) -> list[int | None]:
    """Return the version each entity is assigned to; None where nobody may decide."""
    shares = [share for share in plan.shares if share.until > 0]
    if not shares:
        return [None] * len(entities)
    if len(shares) == 1 and shares[0].until >= 100:
        return [shares[0].version] * len(entities)
    end = shares[-1].until
    return [
        assign(place, shares) if place < end else None
        for place in places_of(entities, salt=plan.salt)
    ]


def _shared(
    players: tuple[Player, ...],
    weights: dict[int, int],
    salt: str,
    stand_ins: tuple[int, ...],
    reference: str | None,
) -> Plan:
    held = [player.version for player in players if weights[player.version] > 0]
    ends = accumulate(weights[version] for version in held)
    shares = tuple(Share(version, float(end)) for version, end in zip(held, ends, strict=True))
    return Plan(salt=salt, players=players, shares=shares, stand_ins=stand_ins, reference=reference)
