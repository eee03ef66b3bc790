"""``python -m evermodel.scorer [--wait]``: settings, wiring, run.

With ``--wait`` it is a spare: its scoring process imports TensorFlow while it waits for its turn.
"""

import sys

from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import start
from evermodel.scorer.settings import Settings
from evermodel.scorer.wiring import prepare, wire

if __name__ == "__main__":
    leave(start(Settings, wire, arguments=sys.argv[1:], prepare=prepare))
