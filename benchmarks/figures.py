"""What a benchmark says: figures, the machine they were taken on, and their JSON form."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit.

    `ratio`: how many times better than `peer`, above 1 is better. `interval`: holds the true
    value with 95 % confidence; None where none was worked out.
    """

    value: float
    unit: str
    peer: str | None = None
    ratio: float | None = None
    interval: tuple[float, float] | None = None


Figures = Mapping[str, Figure]


def rate(hits: int, of: int, *, unit: str, peer: str | None = None) -> Figure:
    """Return `hits` of `of` as a share, with Clopper and Pearson's exact interval (SciPy)."""
    from scipy.stats import binomtest  # noqa: PLC0415  # a second: only who needs it pays

    found = binomtest(hits, of).proportion_ci(method="exact")
    interval = (float(found.low), float(found.high))
    return Figure(hits / of, f"({hits} of {of} {unit})", peer, interval=interval)


def report(
    name: str, figures: Figures, *, quick: bool, data: Path | None = None
) -> dict[str, object]:
    """Return the JSON form: ``benchmark``, ``machine``, ``figures``, the command and its data."""
    on = {"file": data.name, "sha256": sha256(data.read_bytes()).hexdigest()} if data else None
    return {
        "benchmark": name,
        "command": f"python -m benchmarks {name}{f' --data {data.name}' if data else ''}"
        f"{' --quick' if quick else ''}",
        "data": on,
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
    if figure.interval is None:
        del plain["interval"]
    else:
        plain["interval"] = [float(f"{bound:.4g}") for bound in figure.interval]
    return plain
