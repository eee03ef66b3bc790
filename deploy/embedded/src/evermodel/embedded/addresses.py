"""Loopback addresses: free ports, written down so that a restart keeps them."""

import json
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from evermodel.embedded.errors import Occupied
from evermodel.embedded.whole_file import write_whole

LOOPBACK = "127.0.0.1"


def kept_ports(file: Path, *, names: Sequence[str]) -> dict[str, int]:
    """Return a free port for each of `names`, those in `file` again if they are still free.

    All sockets are held open until the last port is known, so that no two are alike. Between
    here and the start of the server another program may take one: the start then fails and
    says so.
    """
    wanted = known_ports(file)
    with ExitStack() as held:
        ports = {name: _bind_or_another(held, wanted.get(name, 0)) for name in names}
    if ports != wanted:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(ports))  # a full disk must not cost the ports there were
    return ports


def require_free(port: int, *, variable: str) -> None:
    """Return if nothing listens on `port`, which a person named by `variable`.

    Raises:
        Occupied: something does.
    """
    try:
        with ExitStack() as held:
            _bind(held, port)
    except OSError as error:
        what = f"{variable}={port} cannot be listened on: {error.strerror}"
        raise Occupied(f"{what}; name another port, or 0 for a free one") from error


def known_ports(file: Path) -> dict[str, int]:
    """Return the ports written down in `file`, by name; none when it holds no ports."""
    try:
        found = json.loads(file.read_text("utf-8"))
        return {str(name): int(port) for name, port in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _bind_or_another(held: ExitStack, port: int) -> int:
    try:
        return _bind(held, port)
    except OSError:
        return _bind(held, 0)


def _bind(held: ExitStack, port: int) -> int:
    """Return the port that is bound until `held` ends: 0 asks for a free one."""
    server = held.enter_context(socket.socket())
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((LOOPBACK, port))
    bound: int = server.getsockname()[1]
    return bound
