"""``python -m evermodel.registrar``: settings, wiring, run."""

import sys

from evermodel.common.runtime.service import start
from evermodel.registrar.settings import Settings
from evermodel.registrar.wiring import wire

if __name__ == "__main__":
    sys.exit(start(Settings, wire))
