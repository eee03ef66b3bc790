"""The console ends when it is told to, wherever it is: a broker that says nothing holds nobody."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_console_that_is_still_starting_ends_when_it_is_told_to(
    tmp_path: Path, number: signal.Signals
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{mute.getsockname()[1]}",
            "EVERMODEL_CONSOLE_PORT": "0",
            "EVERMODEL_WORK": str(tmp_path),
        }
        console = subprocess.Popen(
            [sys.executable, "-m", "evermodel.console"], env=environment, cwd=tmp_path
        )
        try:
            mute.settimeout(60)
            connection, _ = mute.accept()  # it starts, and waits for an answer from now on
            with connection:
                console.send_signal(number)
                assert console.wait(timeout=8) == 0
        finally:
            console.kill()
            console.wait()
