"""Which version an entity belongs to: sticky, monotone, and drawn anew for every rollout.

An entity's place in [0, 100) is a hash of its name and the rollout's salt. A challenger takes
the places below its weight, so whoever was in at 10 % stays in at 20 %; another rollout has
another salt, so it is not always the same customers who meet a new model first.

    place   0 ......... 20 ........................... 100
    weights [ challenger ][          champion           ]
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

_SCALE = 100.0 / 2**53


@dataclass(frozen=True, slots=True)
class Share:
    """`version` takes the places up to and without `until`, from the previous share's end."""

    version: int
    until: float


def place_of(entity: str, *, salt: str) -> float:
    """Return where `entity` stands in [0, 100) in the rollout that `salt` names."""
    digest = blake2b(entity.encode(), digest_size=8, key=_key(salt)).digest()
    return (int.from_bytes(digest) >> 11) * _SCALE


def places_of(entities: Iterable[str], *, salt: str) -> list[float]:
    """Return the places of many entities: the same as `place_of` of each, but faster."""
    start, scale = blake2b(digest_size=8, key=_key(salt)), _SCALE
    places = []
    for entity in entities:
        keyed = start.copy()
        keyed.update(entity.encode())
        places.append((int.from_bytes(keyed.digest()) >> 11) * scale)
    return places


def assign(place: float, shares: Sequence[Share]) -> int:
    """Return the version whose share holds `place`."""
    for share in shares:
        if place < share.until:
            return share.version
    return shares[-1].version


def _key(salt: str) -> bytes:
    return blake2b(salt.encode(), digest_size=32).digest()
