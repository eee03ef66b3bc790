"""``python -m evermodel.trainer.child PLAN FOLDER``: plan in, artefacts and report out.

Whoever started it holds the other end of its standard input. When that end closes, because the
starter was killed, this process ends too: no training outlives its trainer.
"""

import errno
import os
import sys
import traceback
from pathlib import Path

from evermodel.common.kernel.errors import Transient, is_exhausted
from evermodel.common.runtime.bounded import end_with_starter, write_report
from evermodel.common.runtime.ending import leave
from evermodel.trainer.child.refusal import Refused
from evermodel.trainer.ports import BROKE, REPORT, Plan, Report


def main(arguments: list[str]) -> int:
    """Carry out the plan in the file named first, into the folder named second."""
    end_with_starter()
    plan = Plan.model_validate_json(Path(arguments[0]).read_bytes())
    folder = Path(arguments[1])
    write_report(folder / REPORT, _report(plan, folder).model_dump_json(indent=1).encode())
    return 0


def _report(plan: Plan, folder: Path) -> Report:
    from evermodel.trainer.child.training import train  # noqa: PLC0415  # watch stdin first

    try:
        return train(plan, folder=folder, say=_say)
    except Refused as refused:
        return Report(outcome="failed", reason=str(refused))
    except Transient as error:
        return Report(outcome="unavailable", reason=str(error))
    except Exception as error:  # noqa: BLE001  # the report is how the trainer learns of it
        if _has_no_room(error):  # says nothing about the data
            return Report(outcome="unavailable", reason=str(error))
        traceback.print_exc()
        return Report(outcome="failed", reason=f"{BROKE}: {type(error).__name__}")


def _has_no_room(error: Exception) -> bool:
    """Whether `error` is of the machine. TensorFlow's own for a full disk is no ``OSError``."""
    return is_exhausted(error) or os.strerror(errno.ENOSPC) in str(error)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
