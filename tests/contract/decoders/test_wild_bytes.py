"""Whatever lies in a topic, a decoder returns or says `Poison`: never anything else.

Any other exception would be taken for a bug of ours: tried three times, and given up as one.
"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.codec import decode_meta
from evermodel.common.kernel.errors import Poison
from tests.contract.decoders.cases import CASES, FEATURES, SCORED, Case, answer, windower_case
from tests.contract.decoders.wild import CORPUS, VALUES, json_values, torn, with_value

each_decoder = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_decoder
def test_what_is_sound_is_taken(case: Case) -> None:
    case.decode(case.sound)


@each_decoder
def test_wild_values_are_poison(case: Case) -> None:
    answers = {name: answer(case.decode, value) for name, value in CORPUS.items()}
    answers["no value at all"] = answer(case.decode, None)
    assert {name: said for name, said in answers.items() if said != "poison"} == {}


@each_decoder
def test_wild_values_of_a_field_are_taken_or_poison(case: Case) -> None:
    answers = {
        (field, name): answer(case.decode, with_value(case.example, field, value))
        for field in case.example
        for name, value in VALUES.items()
    }
    assert {at: said for at, said in answers.items() if said not in {"taken", "poison"}} == {}
    assert "poison" in answers.values()


@each_decoder
@given(data=st.data())
def test_torn_bytes_are_taken_or_poison(case: Case, data: st.DataObject) -> None:
    assert answer(case.decode, data.draw(torn(case.sound))) in {"taken", "poison"}


@each_decoder
@given(value=json_values() | st.binary(max_size=64))
def test_any_bytes_are_taken_or_poison(case: Case, value: bytes) -> None:
    assert answer(case.decode, value) in {"taken", "poison"}


@pytest.mark.parametrize("field", ["a", "c", "f"])
def test_wild_features_are_taken_or_poison(field: str) -> None:
    windower = windower_case().decode
    answers = {}
    for name, value in VALUES.items():
        features = with_value(FEATURES, field, value)
        answers[name] = answer(windower, with_value(SCORED, "features", features))
    assert {*answers.values()} == {"taken", "poison"}


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_specversion", "ce_x"]
        ),
        st.none() | st.binary(max_size=40) | st.sampled_from([b"1.0", *VALUES.values()]),
    ),
    max_size=9,
)


@pytest.mark.guarantee(
    "input",
    fault="headers of any names and bytes",
    promise="read, or given up with their reason",
    seen="given up (poison): header … is not UTF-8",
)
@given(headers=HEADERS)
def test_any_headers_are_taken_or_poison(headers: list[tuple[str, bytes | None]]) -> None:
    with suppress(Poison):
        decode_meta(headers)


@pytest.mark.parametrize("name", VALUES)
def test_a_wild_time_in_the_headers_is_taken_or_poison(name: str) -> None:
    sound = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b"t"), ("ce_source", b"s")]
    with suppress(Poison):
        decode_meta([*sound, ("ce_time", VALUES[name].strip(b'"'))])
