"""``python -m evermodel.scorer``: settings, wiring, run."""

import sys

from evermodel.common.runtime.service import start
from evermodel.scorer.settings import Settings
from evermodel.scorer.wiring import wire

if __name__ == "__main__":
    sys.exit(start(Settings, wire))
