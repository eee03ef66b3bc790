"""Become the broker; after a kill, end its earlier life first. ``… broker_life.py FILE JAVA…``

A broker that was killed still leads everything when it comes back, until its controller has seen
its session run out. Before that its transaction coordinator takes up again what was being
committed; the moment the session ends no partition has a leader, and it takes those partitions for
deleted (Kafka 4.4: "are likely deleted already and hence can be skipped"). Their transactions are
called complete and never are: nobody reads past them again, no group learns its offsets.

So the controller alone is started, until it has ended that session; the broker then begins as one
that was stopped in order, with leaders only once it may have transactions. Standard library only,
so that it costs 15 ms and nothing once it has become the broker.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

_MAIN = "kafka.Kafka"
#: Makes the controller say what is waited for (``kafka-log4j2.xml``).
_ALOUD = "-Devermodel.fencing=INFO"
_ENDED = b"Fencing broker"
#: The broker's own word, by which others see that it is ready.
_STARTED = b"Kafka Server started"
#: Two seconds on a machine that has nothing else to do.
_PATIENCE_SECONDS = 20.0
_STOP_SECONDS = 5.0
#: Since it has started; the session takes 0.4 s.
_SILENCE_SECONDS = 3.0
#: The controller says so before it has written it down, which takes it a few milliseconds: it is
#: lost if it is stopped at once, and the broker would be waited for by its own session.
_WRITTEN_SECONDS = 0.5
#: What only a broker has.
_NOT_THE_CONTROLLERS = {"advertised.listeners", "inter.broker.listener.name"}
#: It ends a session as soon as it can, and writes that down at once.
_CONTROLLERS = {
    "process.roles": "controller",
    "broker.session.timeout.ms": "400",
    "broker.heartbeat.interval.ms": "100",
    "controller.quorum.append.linger.ms": "0",
}


def main(arguments: list[str]) -> None:
    """Replace this process by the broker of the properties file that comes first."""
    file, java = Path(arguments[0]), arguments[1:]
    properties = read_properties(file.read_text("utf-8"))
    if was_killed(properties, folder=file.parent):
        _end_earlier_life(properties, java, folder=file.parent)
    os.execv(java[0], [*java, _MAIN, str(file)])  # noqa: S606  # no shell is meant


def read_properties(text: str) -> Mapping[str, str]:
    """Return what ``server.properties`` says, as the embedded broker's is written."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def was_killed(properties: Mapping[str, str], *, folder: Path) -> bool:
    """Whether the broker ran before, did not end in order, and has nobody else to lead for it."""
    data = folder / properties["log.dirs"]
    has_run = (data / "recovery-point-offset-checkpoint").exists()
    is_alone = "," not in properties["controller.quorum.voters"]
    return has_run and is_alone and not (data / ".kafka_cleanshutdown").exists()


def controllers(properties: Mapping[str, str]) -> Mapping[str, str]:
    """Return the properties of its controller alone, which ends a session at once."""
    name = properties["controller.listener.names"]
    (listener,) = (
        each for each in properties["listeners"].split(",") if each.startswith(f"{name}:")
    )
    kept = {k: v for k, v in properties.items() if k not in _NOT_THE_CONTROLLERS}
    return {**kept, **_CONTROLLERS, "listeners": listener}


def _end_earlier_life(properties: Mapping[str, str], java: list[str], *, folder: Path) -> None:
    file = folder / "controller.properties"
    file.write_text("".join(f"{k}={v}\n" for k, v in controllers(properties).items()), "utf-8")
    launcher = Path(__file__).with_name("launcher.py")
    starter = [sys.executable, "-I", "-S", str(launcher), str(os.getpid())]
    with subprocess.Popen(
        [*starter, *java, _ALOUD, _MAIN, str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(_terminated(child)))
        outcome = _outcome(child)
        threading.Event().wait(_WRITTEN_SECONDS)
        _stop(child)
    sys.stdout.write(f"the broker was killed: its earlier session {outcome}\n")
    sys.stdout.flush()


def _outcome(child: "subprocess.Popen[bytes]") -> str:
    """Wait until the controller has ended the session, or has none to end."""
    limits = [threading.Timer(_PATIENCE_SECONDS, child.kill)]
    limits[0].start()
    outcome = "could not be ended"
    for line in child.stdout or ():
        if _STARTED in line:  # it says nothing of a session that was ended before
            outcome = "had ended"
            limits.append(threading.Timer(_SILENCE_SECONDS, child.terminate))
            limits[-1].start()
        if _ENDED in _passed_on(line):
            outcome = "was ended"
            break
    for limit in limits:
        limit.cancel()
    return outcome


def _terminated(child: "subprocess.Popen[bytes]") -> int:
    child.terminate()
    return 128 + signal.SIGTERM


def _passed_on(line: bytes) -> bytes:
    if _STARTED not in line:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    return line


def _stop(child: "subprocess.Popen[bytes]") -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.communicate(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
