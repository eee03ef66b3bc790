"""A scoring process that is told what to do wrong: ``odd_child.py WHAT THREADS CHANNEL CHANNEL``.

It answers 0.5 for every row, without TensorFlow, so that it is there at once. A bundle whose folder
is called ``deadly`` ends it while it is loaded, one called ``large`` takes its time.
"""

import os
import socket
import struct
import sys
import threading
from pathlib import Path

import numpy as np

from evermodel.common.runtime.bounded import end_with_starter, leave_orphaned
from evermodel.scorer.adapters.frames import (
    LONGEST_REQUEST,
    REQUESTS,
    Failed,
    Load,
    Loaded,
    Ready,
    Reply,
    Request,
    Scores,
    receive,
    send,
)

#: What goes over the channel as the answer to a question.
ODD: dict[str, Reply | bytes] = {
    "more scores than rows": Scores(bytes(400)),
    "half a score": Scores(bytes(6)),
    "something else": Loaded(),
    "a lie about what it was asked": Ready(),
    "an error that hides a password": Failed("unusable", "x password=planted-9 y"),
    "no message": b"\x04\x00\x00\x00\xc1\xc1\xc1\xc1",
    "a frame of four gigabytes": struct.pack("<I", 2**32 - 1),
    "half a frame": b"\x04\x00\x00\x00\x01",
    "nested lists without an end": struct.pack("<I", 5000) + b"\x91" * 5000,
}


def answer(request: Request, what: str, channel: socket.socket) -> None:
    if isinstance(request, Load):
        name = Path(request.bundle).name
        threading.Event().wait(1.0 if name == "large" else 0.1)
        if name == "deadly":
            os.abort()
        send(channel, Loaded())
    elif what == "hanging":
        threading.Event().wait()
    elif what == "death":
        os.abort()
    elif what == "slow":
        threading.Event().wait(0.5)
        send(channel, right(request))
    elif isinstance(odd := ODD.get(what, right(request)), bytes):
        channel.sendall(odd)
    else:
        send(channel, odd)


def right(request: Request) -> Scores:
    assert not isinstance(request, Load)
    (column,) = request.columns.values()
    return Scores(np.full(len(column) // 4, 0.5, dtype="<f4").tobytes())


def serve(channel: socket.socket, what: str) -> None:
    try:
        while True:
            answer(receive(channel, REQUESTS, longest=LONGEST_REQUEST), what, channel)
    except (EOFError, OSError):
        leave_orphaned()


def main(what: str, _threads: str, *numbers: str) -> None:
    end_with_starter()
    channels = [socket.socket(fileno=int(number)) for number in numbers]
    if what == "late":
        threading.Event().wait(2.0)
    threading.Thread(target=serve, args=(channels[1], what), daemon=True).start()
    send(channels[0], Ready())
    serve(channels[0], what)


if __name__ == "__main__":
    main(*sys.argv[1:])
