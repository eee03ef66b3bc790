"""``python -m docs.build.certificate FOLDER``: gather what tests proved into the committed file.

FOLDER is what ``pytest --certificate FOLDER`` wrote (``make test-faults`` does both). The cells of
a chapter replace those that stand in ``docs/certificate.json``; with ``--add`` the same tests only.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("docs/certificate.json")

Cell = Mapping[str, Any]


def cells(root: Path = ROOT) -> list[Cell]:
    """Return the committed cells."""
    found: list[Cell] = json.loads((root / FILE).read_text(encoding="utf-8"))
    return found


def gathered(folder: Path) -> list[Cell]:
    """Return the cells that a test run wrote into `folder`."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]


def merged(old: Iterable[Cell], new: Sequence[Cell], *, add: bool) -> list[Cell]:
    """Return `new`, and of `old` what it does not speak of."""
    spoken = {cell["test"] if add else cell["chapter"] for cell in new}
    key = "test" if add else "chapter"
    kept = [cell for cell in old if cell[key] not in spoken]
    return sorted([*kept, *new], key=lambda c: (c["chapter"], c["test"], c["fault"]))


def main(arguments: Sequence[str]) -> int:
    """Run the command; exit 1 when a cell is red or nothing was proved."""
    folder, add = Path(arguments[0]), "--add" in arguments
    new = gathered(folder)
    path = ROOT / FILE
    old = cells() if path.exists() else []
    text = json.dumps(merged(old, new, add=add), indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
    red = [cell for cell in new if not cell["passed"]]
    for cell in red:
        sys.stderr.write(f"red: {cell['fault']}: {cell['promise']} ({cell['test']})\n")
    sys.stderr.write(f"{len(new) - len(red)} green, {len(red)} red\n")
    return 1 if red or not new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
