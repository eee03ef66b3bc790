"""``python -m evermodel.deployer``: settings, wiring, run."""

import sys

from evermodel.common.runtime.service import start
from evermodel.deployer.settings import Settings
from evermodel.deployer.wiring import wire

if __name__ == "__main__":
    sys.exit(start(Settings, wire))
