"""``python -m benchmarks NAME [--quick] [--data FILE] [--minutes N] [--json FILE]``.

NAME ``results`` rewrites RESULTS.md, ``list`` names them all.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path

from benchmarks import results
from benchmarks.figures import Figures, report

NAMES = (
    "windower",
    "drift",
    "decisions",
    "hops",
    "recovery",
    "replay",
    "judge",
    "model",
    "rollback",
    "scoring",
    "demo",
    "load",
    "scale",
    "soak",
)


#: Benchmarks that can be taken on a file of one's own.
ON_DATA = ("judge", "model")
#: Benchmarks that last as long as they are told.
LASTING = ("soak",)


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark and print its figures; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name", choices=(*NAMES, "results", "list"), metavar="NAME", help=", ".join(NAMES)
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="smaller; under a minute but for demo, load, scale and soak",
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="real rows; judge, model")
    parser.add_argument("--minutes", type=float, metavar="N", help="how long; soak")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    given = parser.parse_args(arguments)
    if given.name == "results":
        results.rewrite()
        return 0
    if given.name == "list":
        print(*NAMES, sep="\n")
        return 0
    if given.data is not None and (given.name not in ON_DATA or not given.data.is_file()):
        parser.error(f"--data: a file of rows, for {' or '.join(ON_DATA)} only")
    if given.minutes is not None and (given.name not in LASTING or given.minutes <= 0):
        parser.error(f"--minutes: a number above 0, for {' or '.join(LASTING)} only")
    figures = measure(given.name, quick=given.quick, data=given.data, minutes=given.minutes)
    said = report(given.name, figures, quick=given.quick, data=given.data)
    text = json.dumps(said, indent=1, ensure_ascii=False)
    print(text)
    if given.json is not None:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0


def measure(
    name: str, *, quick: bool, data: Path | None = None, minutes: float | None = None
) -> Figures:
    """Return the figures of the benchmark `name`, importing only what that one needs."""
    given = {k: v for k, v in {"data": data, "minutes": minutes}.items() if v is not None}
    found: Figures = importlib.import_module(f"benchmarks.{name}").measure(quick=quick, **given)
    return found


if __name__ == "__main__":
    sys.exit(main())
