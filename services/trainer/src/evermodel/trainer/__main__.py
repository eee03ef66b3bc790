"""``python -m evermodel.trainer [--wait]``: settings, wiring, run."""

import sys

from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import start
from evermodel.trainer.settings import Settings
from evermodel.trainer.wiring import wire

if __name__ == "__main__":
    leave(start(Settings, wire, arguments=sys.argv[1:]))
