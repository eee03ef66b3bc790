"""Two verdicts of one policy name were ruled by the same parameters."""

import pytest

from evermodel.common.models.file import parse_model
from evermodel.drift.handlers.verdicts import policy_name

PLAIN = {
    "model": 'name = "fraud"',
    "stream": 'time = "t"\nlabel = "y"\nlabel_delay = "3d"',
    "features": 'continuous = ["amount", "age"]\ncategorical = ["shop"]',
    "quality.amount": "min = 0",
    "quality.age": "max = 120",
    "quality.shop": "unseen = 0.1",
    "windows": 'length = "1d"',
    "drift": 'cool_down = "5d"',
    "training": 'regime = "3d"',
}


def name(**changed: str) -> str:
    sections = {**PLAIN, **{key.replace("_", "."): value for key, value in changed.items()}}
    return said(sections)


def said(sections: dict[str, str]) -> str:
    text = "\n".join(f"[{section}]\n{content}" for section, content in sections.items())
    return policy_name(parse_model(text, source="test"))


@pytest.mark.parametrize(
    ("section", "content"),
    [
        ("stream", 'time = "t"\nlabel = "y"\nlabel_delay = "4d"'),
        ("quality_amount", "min = 1"),
        ("quality_amount", "min = 0\nnulls = 0.5"),
        ("quality_shop", "unseen = 0.2"),
        ("windows", 'length = "2d"'),
        ("drift", 'cool_down = "6d"'),
        ("training", 'regime = "4d"'),
    ],
)
def test_whatever_the_rule_goes_by_is_in_its_name(section: str, content: str) -> None:
    assert name(**{section: content}) != name()


def test_what_the_rule_does_not_look_at_is_not() -> None:
    assert name(training='regime = "3d"\nseed = 8') == name()


def test_the_order_of_the_columns_contracts_is_not() -> None:
    moved = {key: PLAIN[key] for key in sorted(PLAIN)}
    assert said(moved) == name()


def test_the_name_says_which_rule() -> None:
    assert name().startswith("rule-2/")
