"""``python -m evermodel.scorer.child THREADS CHANNEL CHANNEL``: the scoring process of a scorer.

Started by ``adapters/scoring_process.py``, which holds the other ends of the channels and of the
standard input. It ends when any of them does.
"""

import gc
import socket
import sys
import threading

from evermodel.artefact.tensorflow import start_tensorflow
from evermodel.common.runtime.bounded import end_with_starter
from evermodel.scorer.adapters.frames import Ready, send
from evermodel.scorer.child.serving import Models, serve


def main(threads: int, *channels: socket.socket) -> None:
    """Import TensorFlow, say so, and answer on every channel for ever."""
    end_with_starter()
    start_tensorflow(threads=threads)
    _keep_for_ever()
    models = Models(threads=threads)
    for channel in channels[1:]:
        threading.Thread(target=serve, args=(channel, models), daemon=True).start()
    send(channels[0], Ready())
    serve(channels[0], models)


def _keep_for_ever() -> None:
    """Let no collection look at what was imported: one after a model takes 10 ms, not 300.

    What is asked meanwhile waits for it.
    """
    gc.collect()
    gc.freeze()


def _channel(number: str) -> socket.socket:
    channel = socket.socket(fileno=int(number))
    channel.set_inheritable(False)
    return channel


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(_channel, sys.argv[2:]))
