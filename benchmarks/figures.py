"""What a benchmark says: figures, the machine they were taken on, and their JSON form."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit. `ratio`: how many times better than `peer`, above 1 is better."""

    value: float
    unit: str
    peer: str | None = None
    ratio: float | None = None


Figures = Mapping[str, Figure]


def report(name: str, figures: Figures, *, quick: bool) -> dict[str, object]:
    """Return the JSON form: ``benchmark``, ``machine``, ``figures``, and the command."""
    return {
        "benchmark": name,
        "command": f"python -m benchmarks {name}{' --quick' if quick else ''}",
        "machine": machine(),
        "figures": {key: _rounded(figure) for key, figure in figures.items()},
    }


def machine() -> dict[str, object]:
    """Return what the figures depend on, and nothing that names the machine."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_1m": round(os.getloadavg()[0], 1),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _rounded(figure: Figure) -> dict[str, object]:
    plain = asdict(figure)
    for key in ("value", "ratio"):
        if plain[key] is not None:
            plain[key] = float(f"{plain[key]:.4g}")
    return plain
