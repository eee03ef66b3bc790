"""``python -m benchmarks NAME [--quick] [--data FILE] [--json FILE]``.

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
)


#: Benchmarks that can be taken on a file of one's own.
ON_DATA = ("judge", "model")


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark and print its figures; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name", choices=(*NAMES, "results", "list"), metavar="NAME", help=", ".join(NAMES)
    )
    parser.add_argument("--quick", action="store_true", help="smaller; under a minute but for demo")
    parser.add_argument("--data", type=Path, metavar="FILE", help="real rows; judge, model")
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
    figures = measure(given.name, quick=given.quick, data=given.data)
    said = report(given.name, figures, quick=given.quick, data=given.data)
    text = json.dumps(said, indent=1, ensure_ascii=False)
    print(text)
    if given.json is not None:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0


def measure(name: str, *, quick: bool, data: Path | None = None) -> Figures:
    """Return the figures of the benchmark `name`, importing only what that one needs."""
    given = {} if data is None else {"data": data}
    found: Figures = importlib.import_module(f"benchmarks.{name}").measure(quick=quick, **given)
    return found


if __name__ == "__main__":
    sys.exit(main())
