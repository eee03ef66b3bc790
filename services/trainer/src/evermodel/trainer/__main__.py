"""``python -m evermodel.trainer``: settings, wiring, run."""

import sys

from evermodel.common.runtime.service import start
from evermodel.trainer.settings import Settings
from evermodel.trainer.wiring import wire

if __name__ == "__main__":
    sys.exit(start(Settings, wire))
