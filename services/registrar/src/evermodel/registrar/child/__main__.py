"""The bounded child: ``python -m evermodel.registrar.child``, its job by standard input.

Owns the one process of the registrar that holds TensorFlow: started before there is anything to
evaluate, for one evaluation. Must never reach a broker or a registry: files in, a file out.
"""

from pathlib import Path

from evermodel.artefact.tensorflow import start_tensorflow
from evermodel.common.runtime.ahead import take_job
from evermodel.common.runtime.bounded import write_report
from evermodel.common.runtime.ending import leave
from evermodel.registrar.adapters.plan import RESULT, Plan
from evermodel.registrar.child.evaluation import THREADS, evaluate


def main() -> int:
    """Carry out the plan in the first file that the job names; write the evidence into the second.

    TensorFlow's import takes four seconds, an evaluation half of one.
    """
    plan, result = take_job(prepare=lambda: start_tensorflow(threads=THREADS))
    found = evaluate(Plan.model_validate_json(Path(plan).read_bytes()))
    write_report(Path(result), RESULT.dump_json(found))
    return 0


if __name__ == "__main__":
    leave(main())
