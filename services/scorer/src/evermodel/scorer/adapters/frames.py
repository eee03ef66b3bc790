"""What the scorer and its scoring process say to each other, and how it lies in the channel.

    4 bytes, little-endian: how many follow │ msgpack: a request, or the reply to it

Numbers travel as raw little-endian float32, so that a score is the same bit by bit; text as text.
Owns the form, and that whoever reads checks it: the other side may be a foreign program by then.
Nothing of this is ever run or unpickled.
"""

import socket
import struct
import time
from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec
import numpy as np

from evermodel.scorer.ports import Columns

_HEADER = struct.Struct("<I")
_FLOAT = np.dtype("<f4")

#: Of a request: a batch is some megabytes at most.
LONGEST_REQUEST = 1 << 30
#: Of a reply, besides its scores: an error's text in whatever form, and the form itself.
LONGEST_WORDS = 1 << 16
#: Of an error's text: TensorFlow's may hold a whole graph.
LONGEST_TEXT = 2000

#: What kept a request from its answer. ``refused``: the bundle; ``columns``: what was asked;
#: ``unusable``: the model's answer, or what it raised; ``machine``, ``memory``: not its fault.
Kind = Literal["refused", "columns", "unusable", "machine", "memory"]


class Load(msgspec.Struct, frozen=True, tag=True):
    """Load the bundle, and call it `handle` from now on; let go of those in `forget`."""

    handle: int
    bundle: str
    digest: str
    forget: tuple[int, ...] = ()


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Say what the model called `handle` says about the rows; let go of those in `forget`."""

    handle: int
    columns: dict[str, bytes | list[str]]
    forget: tuple[int, ...] = ()


class Ready(msgspec.Struct, frozen=True, tag=True):
    """All is imported."""


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The model can be asked."""


class Scores(msgspec.Struct, frozen=True, tag=True):
    """One float32 per row."""

    values: bytes


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It did not work, and why."""

    kind: Kind
    text: str


Request = Load | Ask
Reply = Ready | Loaded | Scores | Failed

_ENCODER = msgspec.msgpack.Encoder()
REQUESTS = msgspec.msgpack.Decoder(Request)
REPLIES: "msgspec.msgpack.Decoder[Reply]" = msgspec.msgpack.Decoder(Reply)

T = TypeVar("T")


class Nonsense(ValueError):
    """What came is no frame, or none that may come now."""


def packed(columns: Columns) -> dict[str, bytes | list[str]]:
    """Return `columns` as they travel."""
    return {
        name: column.tolist()
        if column.dtype == np.object_
        else column.astype(_FLOAT, copy=False).tobytes()
        for name, column in columns.items()
    }


def unpacked(columns: dict[str, bytes | list[str]]) -> dict[str, np.ndarray | list[str]]:
    """Return columns as they were."""
    return {
        name: np.frombuffer(column, dtype=_FLOAT) if isinstance(column, bytes) else column
        for name, column in columns.items()
    }


def scores_of(values: bytes, *, rows: int) -> list[float]:
    """Return one score per row.

    Raises:
        Nonsense: they are not as many.
    """
    if len(values) != rows * _FLOAT.itemsize:
        raise Nonsense(f"{len(values)} bytes of scores for {rows} rows")
    scores: list[float] = np.frombuffer(values, dtype=_FLOAT).tolist()
    return scores


def send(channel: socket.socket, message: Request | Reply) -> None:
    """Put `message` into the channel, within its timeout.

    Raises:
        OSError: nobody reads, or not in time.
    """
    frame = bytearray(_HEADER.size)
    _ENCODER.encode_into(message, frame, _HEADER.size)
    _HEADER.pack_into(frame, 0, len(frame) - _HEADER.size)
    channel.sendall(frame)


def receive(
    channel: socket.socket,
    decoder: "msgspec.msgpack.Decoder[T]",
    *,
    longest: int,
    within_seconds: float | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> T:
    """Return the next message.

    Raises:
        EOFError: the channel is closed.
        TimeoutError: it was not there, whole, in time.
        Nonsense: it is longer than `longest`, or nothing that `decoder` knows.
        OSError: the channel is broken.
    """
    until = None if within_seconds is None else monotonic() + within_seconds

    def exactly(length: int) -> bytearray:
        found, have = bytearray(length), 0
        view = memoryview(found)
        while have < length:
            channel.settimeout(None if until is None else max(until - monotonic(), 1e-6))
            got = channel.recv_into(view[have:])
            if not got:
                raise EOFError("the channel is closed")
            have += got
        return found

    (length,) = _HEADER.unpack(exactly(_HEADER.size))
    if length > longest:
        raise Nonsense(f"a frame of {length} bytes, where {longest} are the most")
    try:
        return decoder.decode(exactly(length))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Nonsense(f"no message: {error}") from error
