"""``RESULTS.md``, written from the committed data in ``results/`` and from nothing else."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HEAD = """# Benchmark results

Written by `make bench` from the data in `results/`; do not edit. Ours and the peer's in one run
on one machine; how often and in which order is said in each benchmark's module (`recovery` takes
its peer last; `judge` and `decisions` are shares of seeded cases). *Ratio*: how many times better
than the peer; above 1 is better. In brackets: 95 % confidence, Clopper and Pearson.
"""


def rewrite(folder: Path = HERE) -> None:
    """Write ``RESULTS.md`` in `folder` from its ``results/*.json``."""
    files = sorted((folder / "results").glob("*.json"))
    sections = [section(json.loads(file.read_text(encoding="utf-8"))) for file in files]
    (folder / "RESULTS.md").write_text("\n".join([HEAD, *sections]), encoding="utf-8")


def section(said: Mapping[str, Any]) -> str:
    """Return the section of one benchmark's JSON."""
    machine = said["machine"]
    lines = [
        f"## {said['benchmark']}",
        "",
        f"`{said['command']}` on {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['memory_gb']} GB, Python {machine['python']}, load {machine['load_1m']}.",
        "",
        "| figure | value | peer | ratio |",
        "|---|---|---|---|",
        *(_line(name, figure) for name, figure in said["figures"].items()),
        "",
    ]
    return "\n".join(lines)


def _line(name: str, figure: Mapping[str, Any]) -> str:
    ratio = "" if figure["ratio"] is None else f"{figure['ratio']:,g}"
    low, high = figure.get("interval", (None, None))
    within = "" if low is None else f" [{low:,g}, {high:,g}]"
    value = f"{figure['value']:,g}{within} {figure['unit']}"
    return f"| {name} | {value} | {figure['peer'] or ''} | {ratio} |"
