"""The bounded child: ``python -m evermodel.registrar.child PLAN RESULT``.

Owns the one process of the registrar that holds TensorFlow. Must never reach a broker or a
registry: files in, a file out.
"""

import os
import sys
import threading
from pathlib import Path

from evermodel.registrar.adapters.bundle_evaluation import evaluate
from evermodel.registrar.adapters.plan import RESULT, Plan


def main(plan: Path, result: Path) -> int:
    """Carry out the plan in the file `plan` and write what was found into `result`."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    found = evaluate(Plan.model_validate_json(plan.read_bytes()))
    result.write_bytes(RESULT.dump_json(found))
    return 0


def _end_with_parent() -> None:
    """A parent killed outright closes its end of our standard input.

    Read without a buffer: Python aborts when it ends while a thread holds a buffer's lock.
    """
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
