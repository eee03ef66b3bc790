"""A table in a file, Parquet or CSV, or one sentence on why it is none.

Owns what a data file must be. Must never guess: another separator or encoding, two columns of one
name, or a row of too few values is refused, for what is read wrongly here becomes a wrong model.

The names in a CSV's header are read by themselves: polars leaves doubled quotes in them as they
are, and gives a name that occurs twice another one.
"""

import csv
import gzip
import zlib
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import TextIO

import polars as pl

from evermodel.common.models.description import ModelDescription
from evermodel.playback.source import BadData, Table, read_frame

_PARQUET, _CSV = (".parquet", ".pq"), ".csv"
#: What a Parquet file begins and ends with.
_PARQUET_MAGIC = b"PAR1"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SPREADSHEET_MAGIC, _GZIP_MAGIC = b"PK\x03\x04", b"\x1f\x8b"
#: What people separate columns by, other than a comma.
_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}


def read_file(path: Path, *, model: ModelDescription) -> Table:
    """Return the table in the Parquet or CSV file at `path`, as `model` reads it.

    Raises:
        BadData: the file or something in it cannot be played.
    """
    return read_frame(read_table(path), model=model, name=path.name)


def read_table(path: Path, *, rows: int | None = None) -> pl.DataFrame:
    """Return the rows in the file at `path`, or the first `rows`, of the whole file's types.

    Raises:
        BadData: there is none, it is neither Parquet nor CSV, or it cannot be read.
    """
    _require_file(path)
    suffix = path.suffix.lower()
    if suffix not in {*_PARQUET, _CSV}:
        raise BadData(f"{path}: expected a .parquet, .pq or .csv file")
    try:
        return _read_csv(path, rows=rows) if suffix == _CSV else _read_parquet(path, rows=rows)
    except (OSError, EOFError, zlib.error) as error:  # the last two: what packed it, or a copy
        # What the system has no word for is what lies in the file.
        said = getattr(error, "strerror", None) or f"{error}: copy it again, or pack it again"
        raise BadData(f"{path}: cannot be read: {said}") from error


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise BadData(f"{path} is a folder: name one Parquet or CSV file")
    if not path.exists():
        raise BadData(f"{path}: cannot be read: there is no such file")
    if not path.is_file():
        raise BadData(f"{path} is a device or a pipe: name one Parquet or CSV file")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _unread(path: Path, error: Exception) -> BadData:
    return BadData(f"{path}: cannot be read: {str(error).strip().splitlines()[0]}")


def _read_parquet(path: Path, *, rows: int | None) -> pl.DataFrame:
    try:
        return _collected(_scan_parquet(path), rows=rows)
    except pl.exceptions.PolarsError as error:
        raise _unread(path, error) from error


def _scan_parquet(path: Path) -> pl.LazyFrame:
    if _head(path) != _PARQUET_MAGIC:
        raise BadData(f"{path} is no Parquet file: if it is text with commas, name it .csv")
    try:
        found = pl.scan_parquet(path, glob=False)
        found.collect_schema()
    except pl.exceptions.DuplicateError as error:
        raise BadData(f"{path}: {error}: give each column a name of its own") from error
    except pl.exceptions.ComputeError as error:
        raise BadData(
            f"{path} begins as a Parquet file and cannot be read as one: write it again"
        ) from error
    return found


def _collected(found: pl.LazyFrame, *, rows: int | None) -> pl.DataFrame:
    return (found if rows is None else found.head(rows)).collect()


def _read_csv(path: Path, *, rows: int | None) -> pl.DataFrame:
    try:
        table = _collected(_scan_csv(path, _head(path)), rows=rows)
    except pl.exceptions.PolarsError as error:
        raise _why_no_csv(path) or _unread(path, error) from error
    # polars fills a row that is too short with nulls. No other file is read a second time.
    if table.width > 1 and table.to_series(-1).has_nulls() and (uneven := _why_no_csv(path)):
        raise uneven
    return table


def _scan_csv(path: Path, head: bytes) -> pl.LazyFrame:
    if head == _PARQUET_MAGIC:
        raise BadData(f"{path} is a Parquet file: name it .parquet")
    if head == _SPREADSHEET_MAGIC:
        raise BadData(f"{path} is a spreadsheet or a ZIP archive: export it as CSV, or as Parquet")
    if head[:2] in _UTF16_MARKS or 0 in head[:2]:
        raise BadData(f"{path} is UTF-16, not UTF-8 text: save it as UTF-8, or as Parquet")
    names = _names(path)
    header = pl.scan_csv(path, infer_schema=False, glob=False).collect_schema()
    if len(header) != len(names):  # two readers disagree: neither is believed
        raise BadData(
            f"{path}: the line of column names cannot be read: end each line by a line feed, and "
            "double a quote that is part of a name"
        )
    return pl.scan_csv(
        path,
        infer_schema_length=None,
        null_values=["", "NA", "NaN"],
        glob=False,
        new_columns=names,
    )


def _names(path: Path) -> list[str]:
    """Return the names in the header as they were meant.

    Raises:
        BadData: there are none, a name occurs twice, or something else than commas separates them.
    """
    try:
        with _text(path) as file:
            names = next(filter(None, csv.reader(file)), None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _why_no_csv(path) or _unread(path, error) from error
    if names is None:
        raise BadData(f"{path} is empty: expected a line of column names, then rows")
    for separator, said in _SEPARATORS.items():
        if len(names) == 1 and separator in names[0]:
            raise BadData(
                f"{path} separates its columns by {said}: write it with commas, or as Parquet"
            )
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise BadData(
            f"{path} has {names.count(twice[0])} columns named {twice[0]!r}: give each column a "
            "name of its own"
        )
    return names


def _unpacked(path: Path) -> BufferedReader | gzip.GzipFile:
    """Return the file's bytes, unpacked where it is packed by gzip: polars reads it so as well."""
    if _head(path)[:2] == _GZIP_MAGIC:
        return gzip.open(path, "rb")
    return path.open("rb")


def _text(path: Path) -> TextIO:
    return TextIOWrapper(_unpacked(path), encoding="utf-8-sig", newline="")


def _why_no_csv(path: Path) -> BadData | None:
    """Return the place at which the file is no CSV as we read it, None if that is not why.

    Raises:
        OSError, EOFError, zlib.error: the file cannot be read, or not be unpacked.
    """
    with _text(path) as file:
        rows = csv.reader(file, strict=True)
        try:
            names = next(filter(None, rows), [])
            uneven = next((row for row in rows if row and len(row) != len(names)), None)
        except UnicodeDecodeError:
            where = _place(path)
            return BadData(f"{path} is not UTF-8 text{where}: save it as UTF-8, or as Parquet")
        except csv.Error:
            return BadData(
                f"{path}: the quotes up to line {rows.line_num} do not pair: double a quote that "
                "is part of a value, or write it as Parquet"
            )
    if uneven is None:
        return None
    if len(uneven) < len(names):
        return BadData(
            f"{path}: line {rows.line_num} has values for {len(uneven)} of {len(names)} columns: "
            "put a comma for each that is empty, or write the file again if it was cut off"
        )
    return BadData(
        f"{path}: line {rows.line_num} has {len(uneven)} values for {len(names)} columns: put "
        "quotes around a value that holds a comma, or write it as Parquet"
    )


def _place(path: Path) -> str:
    """Return where the first byte is that is not UTF-8, both counted from 1."""
    with _unpacked(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f" (line {number}, byte {error.start + 1})"
    return ""
