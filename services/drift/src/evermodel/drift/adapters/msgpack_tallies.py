"""Tallies in the changelog: a version, then MessagePack, zipped.

Most cells are zero, so it is a tenth the size. A value of another version is refused, never
guessed at: the windower stops and says so, rather than count wrong.
"""

import zlib

import msgspec
import numpy as np

from evermodel.drift.domain.pairing import PairTally
from evermodel.drift.domain.tally import ColumnTally, ServedTally, Tally
from evermodel.profile.counters import Counters

_VERSION = b"\x01"
_FASTEST = 1


class _Profile(msgspec.Struct, array_like=True):
    reference_id: str
    rows: int
    counts: bytes
    minima: bytes
    maxima: bytes


class _Served(msgspec.Struct, array_like=True):
    decider: int | None
    version: int
    rows: int
    failed: int
    alerts: int
    histogram: list[int]


class _Paired(msgspec.Struct, array_like=True):
    decider: int | None
    older: int
    newer: int
    rows: int
    older_alone: int
    newer_alone: int
    group_rows: list[int]
    group_gaps: list[int]
    group_spreads: list[int] = []


class _Tally(msgspec.Struct, array_like=True):
    rows: int
    references: list[tuple[str | None, int]]
    profiles: list[_Profile]
    quality: dict[str, tuple[int, int, int, int]]
    served: list[_Served]
    decided: dict[int, int]
    chunks: list[int]
    first: int | None
    last: int | None
    paired: list[_Paired] = []


_DECODER = msgspec.msgpack.Decoder(_Tally)
_ENCODER = msgspec.msgpack.Encoder()


class UnknownFormat(ValueError):
    """Bytes that this version cannot read as a tally."""


class MsgpackTallies:
    """Keeps the promise of ``TallyCodec``."""

    def encode(self, tally: Tally) -> bytes:
        """Return `tally` as few bytes."""
        kept = _Tally(
            rows=tally.rows,
            references=list(tally.references.items()),
            profiles=[_profile_out(counters) for counters in tally.profiles.values()],
            quality={n: (c.rows, c.nulls, c.below, c.above) for n, c in tally.quality.items()},
            served=[
                _Served(d, v, s.rows, s.failed, s.alerts, s.histogram.tolist())
                for (d, v), s in tally.served.items()
            ],
            decided=dict(tally.decided),
            chunks=sorted(tally.chunks),
            first=tally.first,
            last=tally.last,
            paired=[_pair_out(versions, pair) for versions, pair in tally.paired.items()],
        )
        return _VERSION + zlib.compress(_ENCODER.encode(kept), _FASTEST)

    def decode(self, model: str, raw: bytes) -> Tally:
        """Return the tally that `raw` holds; raises ``UnknownFormat``."""
        kept = _read(model, raw)
        return Tally(
            rows=kept.rows,
            references=dict(kept.references),
            profiles={p.reference_id: _profile_in(p) for p in kept.profiles},
            quality={name: ColumnTally(*counts) for name, counts in kept.quality.items()},
            served={
                (s.decider, s.version): ServedTally(
                    s.rows, s.failed, s.alerts, np.array(s.histogram, dtype=np.int64)
                )
                for s in kept.served
            },
            decided=kept.decided,
            chunks=frozenset(kept.chunks),
            first=kept.first,
            last=kept.last,
            paired={(p.decider, p.older, p.newer): _pair_in(p) for p in kept.paired},
        )


def _read(model: str, raw: bytes) -> _Tally:
    if raw[:1] != _VERSION:
        version = raw[0] if raw else "none"
        raise UnknownFormat(f"a tally of {model} has version {version}, not {_VERSION[0]}")
    try:
        return _DECODER.decode(zlib.decompress(raw[1:]))
    except (zlib.error, msgspec.DecodeError) as error:
        raise UnknownFormat(f"a tally of {model} cannot be read: {error}") from error


def _profile_out(counters: Counters) -> _Profile:
    return _Profile(
        counters.reference_id,
        counters.rows,
        counters.counts.astype("<i8").tobytes(),
        counters.minima.astype("<f4").tobytes(),
        counters.maxima.astype("<f4").tobytes(),
    )


def _profile_in(kept: _Profile) -> Counters:
    return Counters(
        kept.reference_id,
        kept.rows,
        np.frombuffer(kept.counts, dtype="<i8").astype(np.int64),
        np.frombuffer(kept.minima, dtype="<f4").astype(np.float32),
        np.frombuffer(kept.maxima, dtype="<f4").astype(np.float32),
    )


def _pair_out(versions: tuple[int | None, int, int], pair: PairTally) -> _Paired:
    return _Paired(
        *versions,
        pair.rows,
        pair.older_alone,
        pair.newer_alone,
        pair.group_rows.tolist(),
        pair.group_gaps.tolist(),
        pair.group_spreads.tolist(),
    )


def _pair_in(kept: _Paired) -> PairTally:
    return PairTally(
        kept.rows,
        kept.older_alone,
        kept.newer_alone,
        np.array(kept.group_rows, dtype=np.int64),
        np.array(kept.group_gaps, dtype=np.int64),
        np.array(kept.group_spreads or [0] * len(kept.group_gaps), dtype=np.int64),
    )
