"""``python -m evermodel.drift windower|detector|outcomes [--wait]``: settings, wiring, run."""

import sys

from evermodel.common.runtime.ahead import WAIT
from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import start
from evermodel.drift.settings import Settings
from evermodel.drift.wiring import prepare_windower, wire_detector, wire_outcomes, wire_windower

ROLES = {"windower": wire_windower, "detector": wire_detector, "outcomes": wire_outcomes}
_USAGE = 2


def main(arguments: list[str]) -> int:
    """Run one role until a signal; return the exit code."""
    if not arguments or arguments[0] not in ROLES or arguments[1:] not in ([], [WAIT]):
        sys.stderr.write(f"usage: python -m evermodel.drift {'|'.join(ROLES)}\n")
        return _USAGE
    prepare = prepare_windower if arguments[0] == "windower" else None
    return start(Settings, ROLES[arguments[0]], arguments=arguments, prepare=prepare)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
