"""One model's payments from JSON: sound ones in one typed pass, the others explained.

Owns the fast way in. It must accept nothing that `read_payment` would refuse, and give the same
payment for what both accept; a test holds the two to each other. What the typed pass refuses is
read again slowly, which repairs what may be repaired and says what is wrong.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import astuple

from evermodel.scorer.domain.payments import (
    LARGEST,
    Payment,
    RowForm,
    payment_with,
    read_payment,
)
from evermodel.scorer.handlers.rows import decode_row

_Float = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
#: Greater ones are rare and left to the slow way.
_Int = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_NAME = str | _Int | float | None


class PaymentDecoder:
    """Decodes the payments of one form."""

    def __init__(self, form: RowForm) -> None:
        self._form = form
        kinds: dict[str, Any] = dict.fromkeys(form.continuous, _Float | _Int | None)
        kinds |= dict.fromkeys(form.categorical, str | _Int | None)
        kinds |= dict.fromkeys(form.flag, bool | _Int | _Float | None)
        named = [name for name in (form.id, form.entity) if name is not None]
        self._around = tuple(dict.fromkeys((*named, form.time)))
        kinds |= {name: _NAME for name in named if name not in kinds}
        kinds.setdefault(form.time, str)
        self._names = form.names
        self._fields = [(name, list(kinds).index(name)) for name in self._around]
        try:
            self._decode: Callable[[bytes], msgspec.Struct] = msgspec.json.Decoder(
                _struct(kinds)
            ).decode
        except ValueError:  # a quote or a backslash in a column's name: msgspec takes none
            self._decode = _refuse

    def decode(self, value: bytes | None, *, position: str) -> Payment:
        """Return the payment in `value`; `position` names it if it has no id.

        Raises:
            Poison: it is not JSON, no object, or a column is missing, mistyped or out of range.
        """
        try:
            cells = astuple(self._decode(value or b""))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return read_payment(decode_row(value), form=self._form, position=position)
        return payment_with(
            dict(zip(self._names, cells, strict=False)),  # the features come first
            row={name: cells[at] for name, at in self._fields},
            form=self._form,
            position=position,
        )


def _refuse(_value: bytes) -> msgspec.Struct:
    raise msgspec.ValidationError("a column has a name that no typed pass can read")


def _struct(kinds: dict[str, Any]) -> type[msgspec.Struct]:
    """Return a struct with a field for each column, whose name need be no identifier."""
    fields = [(f"f{at}", kind) for at, kind in enumerate(kinds.values())]
    names = {f"f{at}": name for at, name in enumerate(kinds)}
    return msgspec.defstruct("Columns", fields, rename=names, gc=False)
