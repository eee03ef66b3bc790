"""The bounded child: ``python -m evermodel.registrar.child PLAN RESULT``.

Owns the one process of the registrar that holds TensorFlow. Must never reach a broker or a
registry: files in, a file out.
"""

import sys
from pathlib import Path

from evermodel.common.runtime.bounded import end_with_starter
from evermodel.registrar.adapters.bundle_evaluation import evaluate
from evermodel.registrar.adapters.plan import RESULT, Plan


def main(plan: Path, result: Path) -> int:
    """Carry out the plan in the file `plan` and write what was found into `result`."""
    end_with_starter()
    found = evaluate(Plan.model_validate_json(plan.read_bytes()))
    result.write_bytes(RESULT.dump_json(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
