"""A table of transactions, checked before anything is played.

Owns what can be wrong with a table and how that is said; a file is read by ``files``. Must never
repair a value silently: what is changed is a notice, what cannot be played is a ``BadData``.

An unsorted table is sorted by time, with a notice: the rows are the same, only their order in
the file was not that of their times. Equal times keep the file's order.
"""

from dataclasses import dataclass, field

import polars as pl

from evermodel.common.models.description import ModelDescription

#: The columns that a played table has beside the file's own.
TIME, ID, ENTITY, LABEL = "__time", "__id", "__entity", "__label"
#: The id column that playing gives a table without one: the row's number in the file.
ROW_NUMBER = "evermodel_row"

_STRINGS = (pl.String, pl.Categorical, pl.Enum)
#: What a feature of each kind takes, and what to do with another one.
_TAKES = {
    "continuous": "takes numbers: convert it, or name it under features.categorical if it is text",
    "categorical": "takes text or whole numbers: name fractions under features.continuous, and "
    "true and false under features.flag",
    "flag": "takes true and false, or numbers such as 0 and 1: name it under features.categorical "
    "if it is text",
}
#: What to do about a value that is no number and no null.
INSTEAD_OF_INFINITE = "write null in their place, or leave those rows out"


class BadData(ValueError):
    """A table that cannot be played; the message is for the person who brought it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in time order. `__time` is UTC without a zone, `__label` 0, 1 or null."""

    frame: pl.DataFrame
    model: ModelDescription
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(slots=True)
class _Reading:
    """A table on its way through the checks."""

    frame: pl.DataFrame
    model: ModelDescription
    name: str
    notices: list[str] = field(default_factory=list)

    def bad(self, problem: str) -> BadData:
        return BadData(f"{self.name}: {problem}")


def read_frame(frame: pl.DataFrame, *, model: ModelDescription, name: str = "table") -> Table:
    """Return `frame` checked against `model` and in time order; `name` names it in errors.

    Raises:
        BadData: a column is missing or of the wrong kind, there are no rows, or no label of
            either class.
    """
    reading = _Reading(frame, model, name)
    if frame.is_empty():
        raise reading.bad("the table has no rows")
    _require_columns(reading)
    _note_forbidden(reading)
    _number_rows(reading)
    _read_time(reading)
    _read_ids(reading)
    _read_label(reading)
    _read_features(reading)
    _sort(reading)
    return Table(reading.frame, reading.model, tuple(reading.notices))


def _require_columns(reading: _Reading) -> None:
    stream = reading.model.stream
    wanted = [stream.time, stream.label, stream.id, stream.entity, *reading.model.features.names]
    missing = sorted({c for c in wanted if c is not None} - set(reading.frame.columns))
    if missing:
        have = ", ".join(reading.frame.columns[:30])
        raise reading.bad(f"no column {', '.join(missing)}; the table has {have}")


def _note_forbidden(reading: _Reading) -> None:
    """A name that no column has protects nothing; a leak may also have been left out on purpose."""
    strange = sorted(set(reading.model.stream.forbidden) - set(reading.frame.columns))
    if strange:
        reading.notices.append(
            f"stream.forbidden names {', '.join(strange)}, which the table does not have: is it "
            "misspelt?"
        )


def _number_rows(reading: _Reading) -> None:
    """Give a table without ids the row's number, and a description that says so."""
    if reading.model.stream.id is not None:
        return
    reading.frame = reading.frame.with_row_index(ROW_NUMBER)
    stream = reading.model.stream.model_copy(update={"id": ROW_NUMBER})
    reading.model = reading.model.model_copy(update={"stream": stream})


def _read_time(reading: _Reading) -> None:
    column = reading.model.stream.time
    times = read_times(reading.frame[column], name=reading.name)
    reading.frame = reading.frame.with_columns(times.alias(TIME))


def read_times(column: pl.Series, *, name: str) -> pl.Series:
    """Return `column` as times, UTC without a zone; `name` names its table in errors.

    Raises:
        BadData: a value is no time.
    """
    times = times_of(column)
    if times is None:
        raise BadData(f"{name}: column {column.name} holds {column.dtype}, expected times")
    if unread := times.null_count():
        raise BadData(f"{name}: column {column.name}: {unread} values are no time (RFC 3339 is)")
    return times


def times_of(column: pl.Series) -> pl.Series | None:
    """Return `column` as `read_times` does, null where a value is no time; None: none ever is."""
    kind = column.dtype
    if kind == pl.String:
        column = column.str.to_datetime(time_unit="us", strict=False, time_zone="UTC")
    elif isinstance(kind, pl.Datetime):
        column = column.dt.cast_time_unit("us")
        column = column.dt.convert_time_zone("UTC") if kind.time_zone else column
    elif kind == pl.Date:
        column = column.cast(pl.Datetime("us"))
    else:
        return None
    return column.dt.replace_time_zone(None)


def _read_ids(reading: _Reading) -> None:
    stream = reading.model.stream
    identity = stream.id or ROW_NUMBER
    for column in filter(None, (stream.id, stream.entity)):
        kind = reading.frame.schema[column]
        if not (kind.is_integer() or kind in _STRINGS):
            raise reading.bad(f"column {column} holds {kind}, expected strings or integers")
    ids = reading.frame[identity]
    if ids.null_count():
        raise reading.bad(f"column {identity}: {ids.null_count()} rows have no id")
    if not ids.is_unique().all():
        twice = ids.filter(ids.is_duplicated())[0]
        raise reading.bad(
            f"column {identity}: {twice!r} occurs more than once; leave stream.id out of "
            "model.toml to number the rows instead"
        )
    text = pl.col(identity).cast(pl.String)
    entity = text if stream.entity is None else pl.col(stream.entity).cast(pl.String)
    reading.frame = reading.frame.with_columns(text.alias(ID), entity.fill_null(text).alias(ENTITY))


def _read_label(reading: _Reading) -> None:
    stream = reading.model.stream
    column, positive = reading.frame[stream.label], stream.label_positive
    if positive is not None:
        label = _is_fraud(reading, column, positive).cast(pl.Int8)
    elif column.dtype == pl.Boolean or column.dtype.is_numeric():
        label = column.cast(pl.Float64).fill_nan(None)
    elif column.null_count() == len(column):  # of whatever type: an empty CSV column is text
        label = pl.Series(column.name, [], dtype=pl.Int8)
    else:
        raise reading.bad(
            f"column {stream.label} holds {column.dtype}, expected 0 and 1; say which value "
            "means fraud with stream.label_positive"
        )
    seen = set(label.drop_nulls().unique().to_list())
    if not seen:
        raise reading.bad(f"column {stream.label} has no labels: nothing could be learned")
    if not seen <= {0, 1}:
        odd = ", ".join(f"{v:g}" for v in sorted(seen - {0, 1})[:5])
        raise reading.bad(f"column {stream.label} holds {odd} beside 0 and 1: set label_positive")
    if len(seen) == 1:
        raise reading.bad(
            f"column {stream.label} has one class only ({int(seen.pop())}): a model needs both"
        )
    reading.frame = reading.frame.with_columns(label.cast(pl.Int8).alias(LABEL))


def _is_fraud(reading: _Reading, column: pl.Series, positive: str | int) -> pl.Series:
    """Compare as what the column holds: 1.0, 1 and "1" are one number, whatever it is written as.

    Null stays null, and so does NaN.
    """
    truth = column.dtype == pl.Boolean and isinstance(positive, int)
    if not (column.dtype.is_numeric() or truth):
        return column.cast(pl.String) == str(positive)
    try:
        wanted = float(positive)
    except ValueError as error:
        holds = f"column {column.name} holds {column.dtype}"
        raise reading.bad(f"label_positive is {positive!r}, and {holds}") from error
    return column.cast(pl.Float64).fill_nan(None) == wanted


def _read_features(reading: _Reading) -> None:
    features = reading.model.features
    for name in features.names:
        kind, given = features.kind(name), reading.frame.schema[name]
        number = given.is_numeric() or given == pl.Null
        fits = {
            "continuous": number,
            "flag": number or given == pl.Boolean,
            "categorical": given.is_integer() or given in _STRINGS or given == pl.Null,
        }[kind]
        if not fits:
            raise reading.bad(f"column {name} holds {given}, and a {kind} feature {_TAKES[kind]}")
        if given.is_float() or given.is_decimal():
            _read_numbers(reading, name)
        if given in (pl.Categorical, pl.Enum):
            reading.frame = reading.frame.with_columns(pl.col(name).cast(pl.String))


def _read_numbers(reading: _Reading, name: str) -> None:
    column = reading.frame[name]
    if column.dtype.is_decimal():
        column = column.cast(pl.Float64)
    endless = int(column.is_infinite().sum())
    if endless:
        raise reading.bad(
            f"column {name}: {endless} values are infinite, which JSON cannot say: "
            f"{INSTEAD_OF_INFINITE}"
        )
    missing = int(column.is_nan().sum())
    if missing:
        reading.notices.append(f"column {name}: {missing} NaN are read as null")
    reading.frame = reading.frame.with_columns(column.fill_nan(None).alias(name))


def _sort(reading: _Reading) -> None:
    if not reading.frame[TIME].is_sorted():
        reading.notices.append("the rows were not in time order and have been sorted")
        reading.frame = reading.frame.sort(TIME, maintain_order=True)
