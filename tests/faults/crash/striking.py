"""What a process of the matrix does when it comes to a crash point that is planted.

    <folder>/  plan.json   spot -> {action, phase, nth}
               phase-N     phase N has begun: its plants bite from now on
               fired/SPOT  that fault has struck: never again, whoever is restarted
               cut.sock    says "cut" to whoever runs the network

Owns the faults themselves. Must never strike twice.
"""

import errno
import json
import os
import signal
import socket
import subprocess
import threading
from collections import Counter
from pathlib import Path

from tests.faults.crash.points import Spot

#: Longer than the group's session below: whoever hangs has lost its partitions when it wakes.
SESSION_SECONDS = 2.0
HANG_SECONDS = 3.0
_STANDING = threading.Lock()


class Strikes:
    """The plants of one process."""

    def __init__(self, folder: Path, *, role: str) -> None:
        self._folder, self._role = folder, role
        self._plan = json.loads((folder / "plan.json").read_text())
        self._reached: Counter[str] = Counter()

    def at(self, point: str, when: str, *, is_moment: bool) -> None:
        """Strike if this spot is planted, its phase has begun, and it has not been struck yet."""
        spot = Spot(role=self._role, point=point, when=when).name
        planted = self._plan.get(spot)
        if planted is None or not (self._folder / f"phase-{planted['phase']}").exists():
            return
        self._reached[spot] += 1
        if self._reached[spot] < planted["nth"] or not self._is_first(spot):
            return
        self._strike(planted["action"], spot, is_moment=is_moment)

    def _is_first(self, spot: str) -> bool:
        try:
            (self._folder / "fired" / spot).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _strike(self, action: str, spot: str, *, is_moment: bool) -> None:
        match action:
            case "kill -9":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exception" if is_moment:
                raise RuntimeError(f"planted: {spot}")  # a bug nobody foresaw
            case "exception":
                raise OSError(errno.ENOSPC, f"planted: {spot}")  # what disks and networks say
            case "hang":
                hang()
            case "network cut":
                cut(self._folder / "cut.sock")


def hang() -> None:
    """Stand still, heartbeats and all, until somebody else wakes this process.

    One thread after the other: who stops after both have been called to wake would never wake.
    """
    wake = f"(sleep {HANG_SECONDS}; kill -CONT {os.getpid()}) &"
    with _STANDING:
        subprocess.run(["sh", "-c", wake], check=True, start_new_session=True)
        os.kill(os.getpid(), signal.SIGSTOP)


def cut(path: Path) -> None:
    """Return when nothing passes any more; it will again, in a while."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(path))
        control.recv(1)
