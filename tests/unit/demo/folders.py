"""Folders that a demo or a person left files in."""

from pathlib import Path

LEFT = ("summary.json", "report.html", "events.jsonl", "scored.parquet", "drift/20260101T0000.html")


def filled(out: Path, *names: str) -> None:
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(name)


def names_in(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
