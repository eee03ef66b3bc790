"""Wild bytes for every decoder: a kept corpus of what once hurt somebody, and how to make more."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

_DEEP = 100_000

#: Whole values. A name says what is wild in it.
CORPUS: Mapping[str, bytes] = {
    "nothing": b"",
    "blank": b" \n\t ",
    "null": b"null",
    "a number": b"1",
    "a string": b'"x"',
    "an empty object": b"{}",
    "an empty list": b"[]",
    "deep lists": b"[" * _DEEP,
    "deep lists, closed": b"[" * _DEEP + b"]" * _DEEP,
    "deep objects": b'{"x":' * _DEEP,
    "deep in an unknown field": b'{"x":' + b"[" * _DEEP + b"]" * _DEEP + b"}",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"model":"m"}'.encode("utf-16"),
    "no utf-8": b'{"model":"\xff\xfe"}',
    "half a character": b'{"model":"\\ud800"}',
    "zero bytes": b"\x00" * 64,
    "NaN": b'{"model":NaN}',
    "Infinity": b'{"model":-Infinity}',
    "beyond a double": b'{"model":1e999}',
    "more digits than Python prints": b'{"model":' + b"9" * 5_000 + b"}",
    "a comma too many": b'{"model":"m",}',
    "two values": b'{"model":"m"}{"model":"m"}',
    "the same key twice": b'{"model":"m","model":1}',
    "a comment": b'{"model":"m"} // yes',
}

#: What a column or a field may hold instead of what belongs there, as JSON text.
VALUES: Mapping[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "zero": b"0",
    "minus one": b"-1",
    "minus zero": b"-0.0",
    "2**31": b"2147483648",
    "2**63": b"9223372036854775808",
    "2**64": b"18446744073709551616",
    "400 digits": b"9" * 400,
    "5,000 digits": b"9" * 5_000,
    "beyond a float": b"3.5e38",
    "beyond a double": b"1e999",
    "almost nothing": b"5e-324",
    "NaN": b"NaN",
    "an empty string": b'""',
    "a number in quotes": b'"12.5"',
    "NaN in quotes": b'"NaN"',
    "a zero character": b'"\\u0000"',
    "half a character": b'"\\udfff"',
    "a long string": b'"' + b"x" * 70_000 + b'"',
    "markup": b'"<script>alert(1)</script>"',
    "a way out": b'"../../etc/passwd"',
    "shell and SQL": b'"\'; drop table runs; --`$(id)"',
    "the first moment": b'"0001-01-01T00:00:00+14:00"',
    "the last moment": b'"9999-12-31T23:59:59.999999-14:00"',
    "1970": b'"1970-01-01T00:00:00Z"',
    "2999": b'"2999-01-01T00:00:00Z"',
    "no such day": b'"2026-02-30T00:00:00Z"',
    "hour 24": b'"2026-02-20T24:00:00Z"',
    "a leap second": b'"2016-12-31T23:59:60Z"',
    "an odd zone": b'"2026-02-20T10:00:00+23:59:59.999999"',
    "a list": b"[1]",
    "an object": b'{"a":{"b":[]}}',
    "a deep list": b"[" * 900 + b"]" * 900,
}


def with_value(example: Mapping[str, Any], field: str, value: bytes) -> bytes:
    """Return `example` as JSON with the text `value` in the place of `field`'s."""
    mark = "\x01evermodel\x01"
    text = json.dumps({**example, field: mark})
    return text.encode().replace(json.dumps(mark).encode(), value)


def torn(example: bytes) -> st.SearchStrategy[bytes]:
    """Return `example` with a piece cut out, doubled, or other bytes put in its place."""
    places = st.integers(0, len(example))
    return st.builds(
        lambda a, b, middle: example[: min(a, b)] + middle + example[max(a, b) :],
        places,
        places,
        st.binary(max_size=8) | st.sampled_from(list(VALUES.values())),
    )


def json_values() -> st.SearchStrategy[bytes]:
    """Return any JSON value as bytes."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    trees = st.recursive(
        leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
    )
    return trees.map(lambda tree: json.dumps(tree, allow_nan=True).encode())
