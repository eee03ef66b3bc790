"""``python -m evermodel.registrar [--wait]``: settings, wiring, run.

With ``--wait`` it is a spare: it imports MLflow, and then waits for its turn.
"""

import sys

from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import start
from evermodel.registrar.settings import Settings
from evermodel.registrar.wiring import prepare, wire

if __name__ == "__main__":
    leave(start(Settings, wire, arguments=sys.argv[1:], prepare=prepare))
