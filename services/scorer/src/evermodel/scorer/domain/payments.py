"""Reading one payment: which columns it must have, and what they may hold.

What is wrong is refused with the column's name. Null is a value, an unknown column is ignored,
and nothing is repaired: a number in quotes is a string.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from evermodel.common.kernel.errors import Poison

Feature = float | int | bool | str | None

#: Models compute in float32; a number beyond it would reach them as infinity.
LARGEST = 3.4028234e38
_ABSENT = object()
_KINDS = {bool: "true or false", str: "a string", dict: "an object", list: "a list"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForm:
    """The columns of one model's payments. `id` and `entity` None: the row has none."""

    time: str
    id: str | None
    entity: str | None
    continuous: tuple[str, ...]
    categorical: tuple[str, ...]
    flag: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All features, in the description's order."""
        return (*self.continuous, *self.categorical, *self.flag)


class Payment(NamedTuple):
    """A payment that can be scored. `time` is in UTC. (A tuple: half a dataclass's cost.)"""

    id: str
    entity: str
    time: datetime
    features: dict[str, Feature]


def read_payment(row: object, *, form: RowForm, position: str) -> Payment:
    """Return the payment in the decoded JSON value `row`; `position` names it if it has no id.

    Raises:
        Poison: it is no object, or a column is missing, of the wrong type or out of range.
    """
    if not isinstance(row, dict):
        raise Poison(f"the value is {_kind(row)}, not an object of columns")
    return payment_with(_features(row, form), row=row, form=form, position=position)


def payment_with(
    features: dict[str, Feature], *, row: Mapping[str, object], form: RowForm, position: str
) -> Payment:
    """Return the payment with sound `features` whose id, entity and time are in `row`.

    Raises:
        Poison: one of the three is missing or of the wrong type.
    """
    identity = position if form.id is None else _name(row, form.id)
    return Payment(
        id=identity,
        entity=identity if form.entity is None else _entity(row, form.entity, identity),
        time=read_time(row, form.time),
        features=features,
    )


def read_time(row: Mapping[str, object], column: str) -> datetime:
    """Return the event time in `column`: RFC 3339 or without a zone, which means UTC."""
    value = row.get(column, _ABSENT)
    if not isinstance(value, str):
        raise _wrong(column, value, "a time such as 2018-06-01T12:00:00Z")
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Poison(
            f"column {column}: expected a time such as 2018-06-01T12:00:00Z, got {value[:40]!r}"
        ) from None


def _features(row: dict[str, object], form: RowForm) -> dict[str, Feature]:
    features: dict[str, Feature] = {}
    for name in form.continuous:
        value = row.get(name, _ABSENT)
        if type(value) is float or type(value) is int:
            if not -LARGEST <= value <= LARGEST:
                raise Poison(
                    f"column {name}: {value!r:.40} is beyond what a model can compute with"
                )
        elif value is not None:
            raise _wrong(name, value, "a number")
        features[name] = value
    for name in form.categorical:
        features[name] = _level(row.get(name, _ABSENT), name)
    for name in form.flag:
        features[name] = _flag(row.get(name, _ABSENT), name)
    return features


def _level(value: object, name: str) -> Feature:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)  # integer codes beside nulls become floats in many tools' columns
    raise _wrong(name, value, "a string or an integer")


def _flag(value: object, name: str) -> Feature:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, float | int) and -LARGEST <= value <= LARGEST:
        return value
    raise _wrong(name, value, "true, false or a number")


def _name(row: Mapping[str, object], column: str) -> str:
    value = row.get(column, _ABSENT)
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value == "" or isinstance(value, bool) or not isinstance(value, str | int):
        raise _wrong(column, value, "a string or an integer")
    return str(value)


def _entity(row: Mapping[str, object], column: str, identity: str) -> str:
    """A payment of nobody in particular, such as a guest's, stands for itself."""
    if row.get(column, _ABSENT) is None:
        return identity
    return _name(row, column)


def _wrong(column: str, value: object, expected: str) -> Poison:
    if value is _ABSENT:
        return Poison(f"column {column}: missing, expected {expected}")
    return Poison(f"column {column}: expected {expected}, got {_kind(value)}")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if value == "":
        return "an empty string"
    return _KINDS.get(type(value), "a number")
