"""``python -m evermodel.deployer [--wait]``: settings, wiring, run."""

import sys

from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import start
from evermodel.deployer.settings import Settings
from evermodel.deployer.wiring import wire

if __name__ == "__main__":
    leave(start(Settings, wire, arguments=sys.argv[1:]))
