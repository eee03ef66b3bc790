"""``docs/guarantees.md``: what holds under which fault, from the cells that tests proved."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from docs.build.certificate import Cell, Certificate, certificate
from docs.build.markdown import cell as text

#: The words of the page; where a chapter's cells go stands its name.
_TEMPLATE = Path(__file__).with_suffix(".md")
_CHAPTERS = ("crash", "schedules", "mutants", "outside", "input", "security")
#: So many of the alike are shown; all of them stand in ``docs/certificate.json``.
_SHOWN = 4
_MARK = {True: "✓", False: "✗"}


def page() -> str:
    """Return the page."""
    found = certificate()
    tables = {chapter: "".join(_cells(found, chapter)) for chapter in _CHAPTERS}
    page = _TEMPLATE.read_text(encoding="utf-8").format(made=_made(found), **tables)
    return page + "".join(_unproved(found["unproved"]))


def _unproved(tests: Sequence[str]) -> Iterable[str]:
    """Yield what tests claim that were not run yet: silence would pass for a green cell."""
    if tests:
        yield "\n## Not proved yet\n\n"
        yield "These tests claim a cell and have not been run for this page:\n\n"
    for test, cases in Counter(test.partition("[")[0] for test in tests).items():
        file, _, name = test.partition("::")
        many = f", {cases} cases" if cases > 1 else ""
        yield f"- [{text(name.replace('_', ' '))}](../{file}){many}\n"


def _cells(found: Certificate, chapter: str) -> Iterable[str]:
    cells = [cell for cell in found["cells"] if cell["chapter"] == chapter]
    if not cells:
        return ["Nothing has been proved yet.\n"]
    return _matrix(cells) if chapter == "crash" else _table(cells)


def _made(found: Certificate) -> str:
    cells, machine = found["cells"], found["machine"]
    red = sum(not cell["passed"] for cell in cells)
    return (
        f"{len(cells)} cells, {red} of them red. Made by `make test-faults` {_commits(cells)}, the "
        f"last time on {machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB, "
        f"Python {machine['python']}. Seconds are a measure of one run, no promise."
    )


def _commits(cells: Sequence[Cell]) -> str:
    """Return at which commits the cells were proved, most of them first."""
    counted = Counter(cell.get("commit", "an earlier one") for cell in cells).most_common()
    if len(counted) == 1:
        return f"at commit {counted[0][0]}"
    return "at commits " + ", ".join(f"{name} ({count} cells)" for name, count in counted)


def _matrix(cells: Sequence[Cell]) -> Iterable[str]:
    """Yield the crash points by the faults; after that whatever is said of something else."""
    met = [cell for cell in cells if "action" in cell["measured"]]
    actions = list(dict.fromkeys(cell["measured"]["action"] for cell in met))
    rows: dict[tuple[str, str], dict[str, bool]] = {}
    for cell in met:
        said = cell["measured"]
        rows.setdefault((said["role"], said["point"]), {})[said["action"]] = cell["passed"]
    yield f"| service | crash point | {' | '.join(actions)} |\n|---|---|{'---|' * len(actions)}\n"
    for (role, point), marks in sorted(rows.items()):
        told = " | ".join(_MARK[marks[action]] if action in marks else "" for action in actions)
        yield f"| {role} | {text(point)} | {told} |\n"
    ended = [cell["measured"] for cell in met if "story_seconds" in cell["measured"]]
    stories = {said["action"]: said for said in ended}
    told = "; ".join(
        f"{action} {said['story_seconds']} s, {said['story_restarts']} restarts"
        for action, said in stories.items()
    )
    yield f"\nThe stories took: {told}.\n"
    if rest := [cell for cell in cells if "action" not in cell["measured"]]:
        yield "\n"
        yield from _table(rest)


def _table(cells: Sequence[Cell]) -> Iterable[str]:
    """Yield a row for each test, with all that it was tried with."""
    yield "| what happens | what holds | what you see | measured | proved |\n"
    yield "|---|---|---|---|---|\n"
    tests: dict[str, list[Cell]] = {}
    for cell in cells:
        tests.setdefault(cell["test"].partition("[")[0], []).append(cell)
    for test, tried in tests.items():
        columns = (
            *(_listed(cell[name] for cell in tried) for name in ("fault", "promise", "seen")),
            _measured([cell["measured"] for cell in tried]),
            _proved(test, tried),
        )
        yield f"| {' | '.join(columns)} |\n"


def _listed(texts: Iterable[str]) -> str:
    """Return the different ones of `texts`, of many only some."""
    different = list(dict.fromkeys(map(text, texts)))
    shown, rest = different[:_SHOWN], len(different) - _SHOWN
    return "; ".join(shown) + (f"; and {rest} more" if rest > 0 else "")


def _measured(said: Sequence[Mapping[str, object]]) -> str:
    """Return each number by its name, of several the least and the greatest."""
    names = dict.fromkeys(name for numbers in said for name in numbers)
    return text(", ".join(f"{_words(n)} {_range([m[n] for m in said if n in m])}" for n in names))


def _range(values: Sequence[object]) -> str:
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values) or len(set(numbers)) == 1:
        return ", ".join(dict.fromkeys(map(str, values)))
    return f"{min(numbers):g} to {max(numbers):g}"


def _words(name: str) -> str:
    """Return the name of a number as words, its unit last: ``flows again (s)``."""
    stem, _, unit = name.rpartition("_")
    if unit == "seconds":
        return f"{stem.replace('_', ' ')} (s)"
    return name.replace("_", " ")


def _proved(test: str, tried: Sequence[Cell]) -> str:
    """Return whether all went well, with a link to the test, or the command if it is one."""
    file, is_test, _ = test.partition("::")
    red = sum(not cell["passed"] for cell in tried)
    mark = f"{_MARK[False]} {red} of {len(tried)}" if red else f"{_MARK[True]} {len(tried)}"
    return f"[{mark}](../{file})" if is_test else f"{mark}: `{text(test)}`"
