"""A first model.toml from a table: which column is what, guessed, and the reason for each.

Owns the guesses. Must never be silent about one: what is wrong here becomes a wrong model.
"""

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import polars.selectors as cs

from evermodel.cli.draft import Guess
from evermodel.cli.errors import WrongUsage
from evermodel.playback.files import read_table
from evermodel.playback.source import INSTEAD_OF_INFINITE, BadData, read_times, times_of

_SAMPLE_ROWS = 200_000
_MANY_LEVELS = 1_000
_FEW_CODES = 50
_FEW_LEVELS = 2
_LABEL_NAMES = re.compile(r"(?i)(^|_)(is_?)?(fraud|label|target|class|y|default|churn)($|_)")
_TIME_NAMES = re.compile(r"(?i)(date|time|timestamp|_at$|^ts$|^dt$)")
_ENTITY_NAMES = re.compile(r"(?i)(customer|card|account|client|user|entity|holder)")
_ID_NAMES = re.compile(r"(?i)(^id$|_id$|^id_|uuid|transaction)")
_LEAK_NAMES = re.compile(r"(?i)(scenario|fraud|label|chargeback|target)")


def guess(
    data: Path, *, name: str | None = None, time: str | None = None, label: str | None = None
) -> Guess:
    """Return a guess for the table in `data` (Parquet or CSV); `time` and `label` are not guessed.

    Raises:
        WrongUsage: it cannot be read, is empty, or has no time or label column.
    """
    table = _read(data)
    for given in filter(None, (time, label)):
        if given not in table.columns:
            raise WrongUsage(f"{data}: no column {given}; it has {', '.join(table.columns[:30])}")
    why_time = "you said so" if time else "its type or name says so"
    time = time or _time_column(table.drop(label or []), data)
    label, positive, why = _label_column(table.drop(time), data, named=label)
    model = re.sub(r"[^a-z0-9_-]+", "-", (name or data.stem).lower()).strip("-_") or "model"
    guessed = Guess(name=model[:63], time=time, label=label, label_positive=positive)
    in_order = _in_order(table, data, time=time)
    guessed.notes += [f"{time}: the event time ({why_time}){_form(table[time])}", f"{label}: {why}"]
    rest = _without_clocks(in_order.drop(time, label), guessed.notes)
    guessed.id = _identifier(rest, guessed.notes)
    guessed.entity = _entity(rest.drop(guessed.id) if guessed.id else rest, guessed.notes)
    for column in rest.columns:
        if column not in {guessed.id, guessed.entity}:
            _place(rest[column], guessed)
    if not (guessed.continuous or guessed.categorical or guessed.flag):
        raise WrongUsage(f"{data}: no column is left that could be a feature")
    return guessed


def _read(data: Path) -> pl.DataFrame:
    """Return the head of the table as `replay` reads it."""
    try:
        table = read_table(data, rows=_SAMPLE_ROWS)
    except BadData as error:
        raise WrongUsage(str(error)) from error
    if table.is_empty():
        raise WrongUsage(f"{data}: has no rows")
    return table.with_columns(cs.float().fill_nan(None))


def _in_order(table: pl.DataFrame, data: Path, *, time: str) -> pl.DataFrame:
    try:
        return table[read_times(table[time], name=data.name).arg_sort()]
    except BadData as error:
        raise WrongUsage(str(error)) from error


def _time_column(table: pl.DataFrame, data: Path) -> str:
    times = [c for c in table.columns if _is_time(table[c])]
    candidates = [c for c in times if table[c].dtype != pl.String] or times
    named = [c for c in candidates if _is_named(c, _TIME_NAMES)]
    if not candidates:
        raise WrongUsage(
            f"{data}: no column holds times (dates, or text such as 2018-06-01 09:30); "
            "name one by --time, or convert it first"
        )
    return (named or candidates)[0]


def _is_time(column: pl.Series) -> bool:
    """Whether `replay` would read the values of `column` as times."""
    head = column.drop_nulls().head(100)
    times = times_of(head)
    return times is not None and len(head) > 0 and times.null_count() == 0


def _form(times: pl.Series) -> str:
    """Return how live payments must write `times`, where their text is not read there."""
    if times.dtype != pl.String:
        return ""
    try:
        datetime.fromisoformat(times[0])
    except ValueError:
        read = read_times(times[:1], name=times.name)[0].isoformat()
        return f"; {times[0]!r} is read as {read}Z, and live payments must write it so"
    return ""


def _is_key(column: pl.Series) -> bool:
    """Whether an id may be of this kind: `replay` reads strings and integers as one."""
    text = column.dtype in (pl.String, pl.Categorical, pl.Enum)
    return column.dtype.is_integer() or (text and not _is_time(column))


def _is_named(column: str, pattern: re.Pattern[str]) -> bool:
    """Whether the words of a name match, however they are put together: IsFraud, is-fraud."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)
    return pattern.search(re.sub(r"[^0-9A-Za-z]+", "_", words).strip("_")) is not None


def _label_column(
    table: pl.DataFrame, data: Path, *, named: str | None
) -> tuple[str, str | int | None, str]:
    """Return column, the value that means fraud if it is not 1 or true, and the reason."""
    possible = [c for c in table.columns if _may_be_label(table[c].dtype)]
    two = [c for c in possible if table[c].drop_nulls().n_unique() == 2]
    if named is not None and named not in possible:
        kind = table.schema[named]
        raise WrongUsage(f"{data}: --label {named} holds {kind}, which no label can be")
    if named is not None and named not in two:
        number = table[named].drop_nulls().n_unique()
        raise WrongUsage(f"{data}: --label {named} holds {number} different values, not two")
    two = two if named is None else [named]
    likely = [c for c in two if _is_named(c, _LABEL_NAMES)]
    if not likely and len(two) != 1:
        found = ", ".join(two) or "none"
        raise WrongUsage(
            f"{data}: which column is the label? Two-valued are: {found}. Name it by --label"
        )
    column = min(likely or two, key=lambda c: (not _is_binary(table[c]), len(c)))
    if _is_binary(table[column]):
        return column, None, "the label (two-valued, 0/1 or true/false)"
    rarer = _written(_rarer(table[column]))
    return column, rarer, f"the label; {rarer!r} is taken for fraud, being the rarer of its values"


def _may_be_label(kind: pl.DataType) -> bool:
    """Whether `replay` can read a label of this kind."""
    return kind.is_numeric() or kind in (pl.Boolean, pl.String, pl.Categorical, pl.Enum)


def _rarer(column: pl.Series) -> object:
    """Return the rarer of two values; of two that are as frequent always the greater."""
    counts = column.drop_nulls().alias("value").value_counts(name="rows")
    return counts.sort("rows", "value", descending=[False, True])["value"][0]


def _written(value: object) -> str | int:
    """Return `value` as ``stream.label_positive`` may be: whole numbers as such, the rest as text.

    TOML's own fraction is no value of that key; what is compared is the number, not its text.
    """
    if isinstance(value, int | float | Decimal) and float(value).is_integer():
        return int(value)
    return str(value)


def _is_binary(column: pl.Series) -> bool:
    values = set(column.drop_nulls().unique().to_list())
    return column.dtype == pl.Boolean or values <= {0, 1}


def _without_clocks(in_order: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Leave out numbers that only rise with time: they drift without anything having changed."""
    clocks = [
        column
        for column in in_order.columns
        if in_order[column].dtype.is_numeric()
        and in_order[column].drop_nulls().is_sorted()
        and _FEW_LEVELS < in_order[column].n_unique() < len(in_order)
    ]
    notes += [f"{column}: left out (only rises with time: a clock)" for column in clocks]
    return in_order.drop(clocks)


def _identifier(table: pl.DataFrame, notes: list[str]) -> str | None:
    for column in table.columns:
        series = table[column]
        if (
            _is_named(column, _ID_NAMES)
            and _is_key(series)
            and series.null_count() == 0
            and series.n_unique() == len(series)
        ):
            notes.append(f"{column}: the transaction's id (unique, and named like one)")
            return column
    notes.append("no unique id found: the row number serves")
    return None


def _entity(table: pl.DataFrame, notes: list[str]) -> str | None:
    for column in table.columns:
        series = table[column]
        levels, key_like = series.n_unique(), bool(_is_named(column, _ID_NAMES))
        repeats = _FEW_CODES < levels < len(series) or (key_like and 2 < levels < len(series))
        if _is_named(column, _ENTITY_NAMES) and _is_key(series) and repeats:
            notes.append(f"{column}: whose transaction it is (named like one, values repeat)")
            return column
    notes.append("no customer or card found: each transaction stands for itself")
    return None


def _place(column: pl.Series, guessed: Guess) -> None:
    """Give `column` its place: forbidden, ignored, flag, categorical or continuous."""
    name, values = column.name, column.drop_nulls()
    levels = values.n_unique()
    if _is_named(name, _LEAK_NAMES):
        guessed.forbidden.append(name)
        guessed.notes.append(f"{name}: forbidden (its name suggests that it tells the label)")
    elif _is_time(column):
        guessed.notes.append(f"{name}: left out (a second time)")
    elif levels < 2:
        guessed.notes.append(f"{name}: left out (always the same)")
    elif levels == 2 and (column.dtype == pl.Boolean or set(values.unique()) <= {0, 1}):
        guessed.flag.append(name)
        guessed.notes.append(f"{name}: flag (two values)")
    elif column.dtype.is_float() or column.dtype.is_decimal():
        guessed.continuous.append(name)
        guessed.notes.append(f"{name}: continuous (fractions){_endless(values)}")
    elif column.dtype.is_integer():
        _place_integer(name, levels, guessed)
    elif column.dtype in (pl.String, pl.Categorical, pl.Boolean, pl.Enum):
        _place_text(name, levels, len(values), guessed)
    else:
        guessed.notes.append(f"{name}: left out (type {column.dtype} is not handled)")


def _endless(values: pl.Series) -> str:
    """Return what to do about infinities, which `replay` refuses."""
    number = int(values.is_infinite().sum()) if values.dtype.is_float() else 0
    if not number:
        return ""
    return f"; {number} of its values are infinite: {INSTEAD_OF_INFINITE}"


def _place_integer(name: str, levels: int, guessed: Guess) -> None:
    if _is_named(name, _ID_NAMES) and levels > _FEW_CODES:
        guessed.notes.append(f"{name}: left out (an identifier of {levels} values)")
    elif levels <= _FEW_CODES and not re.search(r"(?i)(nb|num|count|amount|age|days|hour)", name):
        guessed.categorical.append(name)
        guessed.notes.append(f"{name}: categorical (whole numbers, only {levels} of them: codes?)")
    else:
        guessed.continuous.append(name)
        guessed.notes.append(f"{name}: continuous (whole numbers)")


def _place_text(name: str, levels: int, rows: int, guessed: Guess) -> None:
    if levels > _MANY_LEVELS or levels > rows / 2:
        guessed.notes.append(f"{name}: left out (text of {levels} values in {rows} rows)")
    else:
        guessed.categorical.append(name)
        guessed.notes.append(f"{name}: categorical (text of {levels} values)")
