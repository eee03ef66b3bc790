"""The Git server of the tests ends with its block, however that ends."""

import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.faults.git_server import GitServer, git_server


def push(server: GitServer) -> None:
    """Ask for what hangs; it ends without an answer."""
    asked = Request(f"http://127.0.0.1:{server.port}/x.git/git-receive-pack", data=b"")
    asked.add_header("Authorization", server.opens)
    with suppress(OSError, HTTPException), urlopen(asked):
        pass


def hang_and_fail(root: Path) -> None:
    with git_server(root, user="robot", password="planted") as server:  # noqa: S106  # planted
        server.does = "hangs in a push"
        threading.Thread(target=push, args=[server], daemon=True).start()
        while not server.did:
            time.sleep(0.01)  # another thread gets there in its own time
        raise ZeroDivisionError


def test_nothing_of_a_server_outlives_a_block_that_fails(tmp_path: Path) -> None:
    before = {*threading.enumerate()}
    with pytest.raises(ZeroDivisionError):
        hang_and_fail(tmp_path)
    left = {*threading.enumerate()} - before
    for thread in left:
        thread.join(timeout=10)
    assert [thread for thread in left if thread.is_alive()] == []
