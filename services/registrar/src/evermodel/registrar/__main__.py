"""``python -m evermodel.registrar``: settings, wiring, run."""

from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import start
from evermodel.registrar.settings import Settings
from evermodel.registrar.wiring import wire

if __name__ == "__main__":
    leave(start(Settings, wire))
