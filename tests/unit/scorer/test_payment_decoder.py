"""The fast way in and the slow one are one: same payments, same refusals, whatever comes."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evermodel.common.kernel.errors import Poison
from evermodel.scorer.domain.payments import Payment, RowForm, read_payment
from evermodel.scorer.handlers.payment_decoder import PaymentDecoder
from evermodel.scorer.handlers.rows import decode_row

FORM = RowForm(
    time="when it was",
    id="ID",
    entity="CARD",
    continuous=("AMOUNT", "1st-ratio"),
    categorical=("SHOP",),
    flag=("NIGHT",),
)
#: The id, the entity and the time are inputs as well.
OVERLAPPING = RowForm(
    time="HOUR", id="AMOUNT", entity="SHOP", continuous=("AMOUNT",), categorical=("SHOP", "HOUR"),
    flag=(),
)  # fmt: skip
ANONYMOUS = RowForm(
    time="when it was", id=None, entity=None, continuous=("AMOUNT",), categorical=(), flag=()
)
SOUND = {
    "ID": 7, "CARD": "c1", "when it was": "2018-06-01 12:00:00", "AMOUNT": 12.5, "1st-ratio": 3,
    "SHOP": "x", "NIGHT": True, "HOUR": "2018-06-01T12:00:00+02:00",
}  # fmt: skip

values: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(10**45), 10**45)
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=True)
    | st.sampled_from([5.0, -0.0, 2.0**53, 3.4028234e38, 3.4028236e38, "", "7", "2018-06-01"])
    | st.text(max_size=5)
    | st.just([1])
    | st.just({"a": 1})
)


def _both(form: RowForm, value: bytes) -> tuple[object, object]:
    def slow() -> Payment:
        return read_payment(decode_row(value), form=form, position="t-0-1")

    def fast() -> Payment:
        return PaymentDecoder(form).decode(value, position="t-0-1")

    found = []
    for way in (fast, slow):
        try:
            found.append(repr(way()))
        except Poison as error:
            found.append(str(error))
    return found[0], found[1]


@given(
    form=st.sampled_from([FORM, OVERLAPPING, ANONYMOUS]),
    changes=st.dictionaries(st.sampled_from(list(SOUND)), values, max_size=3),
    missing=st.none() | st.sampled_from(list(SOUND)),
)
@example(form=FORM, changes={"AMOUNT": 10**40}, missing=None)
@example(form=FORM, changes={"SHOP": 10**40}, missing=None)
@example(form=FORM, changes={"SHOP": 3.0}, missing=None)
@example(form=OVERLAPPING, changes={"AMOUNT": None}, missing=None)
def test_a_row_is_read_alike_either_way(
    form: RowForm, changes: dict[str, Any], missing: str | None
) -> None:
    row = SOUND | changes
    if missing is not None:
        del row[missing]
    fast, slow = _both(form, json.dumps(row).encode())
    assert fast == slow


@pytest.mark.parametrize(
    "value", [b"", b"{", b"[]", b"null", b"\xff", b'{"AMOUNT": 1} {', b"[" * 5000]
)
def test_what_is_no_row_is_refused_alike_either_way(value: bytes) -> None:
    fast, slow = _both(FORM, value)
    assert fast == slow


def test_features_keep_the_order_of_the_description() -> None:
    value = json.dumps(dict(reversed(SOUND.items()))).encode()
    payment = PaymentDecoder(FORM).decode(value, position="")
    assert list(payment.features) == list(FORM.names)


@pytest.mark.parametrize("name", ['sum "net"', "back\\slash", "tab\there", "", "sum €", "a.b-c d"])
def test_a_column_may_have_any_name(name: str) -> None:
    form = RowForm(
        time="when it was", id=None, entity=None, continuous=(name,), categorical=(), flag=()
    )
    value = json.dumps(SOUND | {name: 2.5}).encode()
    assert PaymentDecoder(form).decode(value, position="p").features == {name: 2.5}
