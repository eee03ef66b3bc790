"""Moving a partition's replicas to other brokers, as ``kafka-reassign-partitions`` does.

Neither the client here nor the broker's jars can ask for it, so the request is written by hand:
AlterPartitionReassignments, version 0 (Kafka's protocol guide, key 45). A broker hands it on to
the controller. Owns the bytes of that one request and its answer.
"""

import socket
import struct
from collections.abc import Mapping, Sequence

_KEY, _VERSION, _SECONDS = 45, 0, 30.0
_NOTHING_TAGGED = b"\0"
_HEAD_BYTES, _ERROR_AT = 4, 4 + 1 + 4  # correlation, tags, throttle


class NotReassigned(Exception):
    """The broker's answer to the whole or to a partition, by its number of the protocol."""


def reassign(address: str, topic: str, replicas: Mapping[int, Sequence[int]]) -> None:
    """Ask the broker at `address` to keep each partition on these brokers, the first as leader."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=_SECONDS) as link:
        request = _request(topic, replicas)
        link.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", _exactly(link, _HEAD_BYTES))
        _look(_exactly(link, size))


def _request(topic: str, replicas: Mapping[int, Sequence[int]]) -> bytes:
    name = topic.encode()
    header = struct.pack(">hhih", _KEY, _VERSION, 1, -1) + _NOTHING_TAGGED
    partitions = [
        struct.pack(">i", number)
        + _many([struct.pack(">i", broker) for broker in brokers])
        + _NOTHING_TAGGED
        for number, brokers in replicas.items()
    ]
    asked = bytes([len(name) + 1]) + name + _many(partitions) + _NOTHING_TAGGED
    timeout = struct.pack(">i", int(_SECONDS * 1000))
    return header + timeout + _many([asked]) + _NOTHING_TAGGED


def _many(entries: Sequence[bytes]) -> bytes:
    """Return a compact array; all of ours have fewer than 127 entries."""
    return bytes([len(entries) + 1]) + b"".join(entries)


def _look(answer: bytes) -> None:
    """Raise what the answer says of the whole, or of the first partition that was refused."""
    (whole,) = struct.unpack_from(">h", answer, _ERROR_AT)
    if whole:
        raise NotReassigned(f"error {whole}: {answer!r}")
    at = _ERROR_AT + 2
    at += max(answer[at], 1)  # its words, of length less one
    at += 1  # one topic
    at += answer[at]  # its name
    partitions = answer[at] - 1
    at += 1
    for _ in range(partitions):
        number, error = struct.unpack_from(">ih", answer, at)
        if error:
            raise NotReassigned(f"partition {number}: error {error}")
        at += 6 + max(answer[at + 6], 1) + 1


def _exactly(link: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = link.recv(count - len(got))
        if not more:
            raise NotReassigned("the broker hung up")
        got += more
    return got
