"""``python -m docs.build.certificate FOLDER``: gather what tests proved into the committed file.

FOLDER is what ``pytest --certificate FOLDER`` wrote (``make test-faults`` does both). The cells of
a chapter replace those that stand in ``docs/certificate.json``; with ``--add`` the same tests only.
With ``--claims`` nothing is gathered: only what is not proved yet is written down anew.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from benchmarks.figures import machine

ROOT = Path(__file__).resolve().parents[2]
FILE = Path("docs/certificate.json")

Cell = Mapping[str, Any]


class Certificate(TypedDict):
    """The committed file. `unproved`: tests that claim a cell and have not been run for it.

    Each cell says at which commit it was proved.
    """

    machine: Mapping[str, Any]
    unproved: Sequence[str]
    cells: Sequence[Cell]


def certificate(root: Path = ROOT) -> Certificate:
    """Return what is committed."""
    found: Certificate = json.loads((root / FILE).read_text(encoding="utf-8"))
    return found


def gathered(folder: Path) -> list[Cell]:
    """Return the cells that a test run wrote into `folder`."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]


def merged(old: Iterable[Cell], new: Sequence[Cell], *, add: bool) -> list[Cell]:
    """Return `new`, and of `old` what it does not speak of."""
    tests, chapters = {cell["test"] for cell in new}, {cell["chapter"] for cell in new}
    # What a command of its own has proved (an hour of inputs made up) no test run proves anew.
    kept = [
        cell
        for cell in old
        if cell["test"] not in tests
        and (add or cell["chapter"] not in chapters or "::" not in cell["test"])
    ]
    return sorted([*kept, *new], key=lambda c: (c["chapter"], c["test"], c["fault"]))


def claims(root: Path = ROOT) -> set[str]:
    """Return the tests that claim a cell, each with every case of it, as pytest names them."""
    asked = ["--collect-only", "-q", "-m", "guarantee", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "tests", *asked]
    ended = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    return {line for line in ended.stdout.splitlines() if "::" in line}


def proving(cells: Iterable[Cell]) -> set[str]:
    """Return the tests that proved `cells`; what a command proved is none."""
    return {cell["test"] for cell in cells if "::" in cell["test"]}


def commit(root: Path = ROOT) -> str:
    """Return the short name of the commit that is checked out; "+": and files differ from it."""
    commit = _git(root, "rev-parse", "--short", "HEAD")
    # What the making of the page itself writes is no difference that it would tell of.
    changed = _git(root, "status", "--porcelain", "--", ".", ":!docs")
    return f"{commit}+" if changed else commit


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main(
    arguments: Sequence[str],
    *,
    root: Path = ROOT,
    claimed: Callable[[Path], set[str]] = claims,
    at: Callable[[Path], str] = commit,
) -> int:
    """Run the command; exit 1 when a cell is red or nothing was proved, 2 without a folder."""
    folders = [word for word in arguments if not word.startswith("--")]
    if len(folders) + ("--claims" in arguments) != 1:
        sys.stderr.write(f"{(__doc__ or '').splitlines()[0]}\n")
        return 2
    known = certificate(root) if (root / FILE).exists() else None
    new = [{**cell, "commit": at(root)} for name in folders for cell in gathered(Path(name))]
    cells = merged(known["cells"] if known else [], new, add="--add" in arguments or not folders)
    made = Certificate(
        machine=machine() if folders or known is None else known["machine"],
        unproved=sorted(claimed(root) - proving(cells)),
        cells=cells,
    )
    written = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    (root / FILE).write_text(written, encoding="utf-8")
    if not folders:
        return 0
    red = [cell for cell in new if not cell["passed"]]
    for cell in red:
        sys.stderr.write(f"red: {cell['fault']}: {cell['promise']} ({cell['test']})\n")
    sys.stderr.write(f"{len(new) - len(red)} green, {len(red)} red\n")
    return 1 if red or not new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
