"""The four files of a run, written into one folder."""

import os
import re
import tempfile
from pathlib import Path

import polars as pl

from evermodel.common.kernel.errors import about_file
from evermodel.common.models.description import ModelDescription
from evermodel.playback.effects import effects_of
from evermodel.playback.journal import Journal, write_events
from evermodel.playback.report.page import Content, page
from evermodel.playback.scored import long_form
from evermodel.playback.summary import Scene, Summary, summarise

EVENTS, SCORED, SUMMARY, REPORT = "events.jsonl", "scored.parquet", "summary.json", "report.html"


def require_writable(out: Path) -> None:
    """Make the folder `out`, and see that files can be written there.

    Raises:
        OSError: they cannot; it names `out`.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(out)) from error


def write_outputs(
    out: Path,
    *,
    journal: Journal,
    scored: pl.DataFrame,
    scene: Scene,
    model: ModelDescription,
    lake: Path,
) -> Summary:
    """Write `events.jsonl`, `scored.parquet`, `summary.json`, `report.html`; return the summary."""
    out.mkdir(parents=True, exist_ok=True)
    mine = journal.of(model.name)
    write_events(mine, out / EVENTS)
    _write_table(long_form(scored, mine, model=model.name), out / SCORED)
    summary = summarise(mine, scene)
    summary.write(out / SUMMARY)
    windows = effects_of(mine, lake=lake, model=model.name)
    content = Content(journal=mine, summary=summary.content, model=model, windows=windows)
    with about_file(out / REPORT):
        (out / REPORT).write_text(page(content), encoding="utf-8")
    return summary


def _write_table(table: pl.DataFrame, path: Path) -> None:
    """Write `table`. Polars says of a full disk neither what it is nor the file."""
    try:
        table.write_parquet(path, compression="zstd")
    except (pl.exceptions.ComputeError, OSError) as error:
        code = re.search(r"\(os error (\d+)\)", str(error))
        if code is None:
            raise
        number = int(code.group(1))
        raise OSError(number, os.strerror(number), str(path)) from error
