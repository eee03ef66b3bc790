"""A wrong model.toml is answered with the file, the line, the key and what was expected."""

from pathlib import Path

import pytest

from evermodel.common.models.file import BadModelFile, parse_model, read_model, read_models

GOOD = """\
[model]
name = "t"
[stream]
time = "at"
label = "bad"
[features]
continuous = ["sum"]
"""

WRONG = {
    "no section": (GOOD.replace('[model]\nname = "t"\n', ""), "m.toml: model: is missing"),
    "no key": (GOOD.replace('time = "at"\n', ""), "m.toml:3: stream.time: is missing"),
    "no feature": (GOOD.replace('"sum"', ""), "m.toml:6: features: name at least one feature"),
    "a twice": (GOOD.replace('"sum"', '"sum", "sum"'), "m.toml:6: features: named more than once"),
    "too many": (
        GOOD.replace('"sum"', ", ".join(f'"f{number}"' for number in range(2_001))),
        "m.toml:6: features: 2,001 features: a model has 2,000 at most",
    ),
    "a name": (GOOD.replace('"t"', '"My T"'), "m.toml:2: model.name: expected 1 to 63 of a-z"),
    "a list": (GOOD.replace('["sum"]', '"sum"'), "m.toml:7: features.continuous: expected a list"),
    "no text": (GOOD.replace('"at"', "5"), "m.toml:4: stream.time: expected a valid string, got 5"),
    "a word": (
        GOOD + '[windows]\nlength = "soon"\n',
        "m.toml:9: windows.length: 'soon' is not a duration: write a number and a unit",
    ),
    "no unit": (
        GOOD + "[windows]\nlength = 5\n",
        "m.toml:9: windows.length: a duration needs a unit, in quotes, e.g. '7d'",
    ),
    "no time": (
        GOOD + '[windows]\nlength = "0d"\n',
        "m.toml:9: windows.length: must be longer than nothing",
    ),
    "too small": (
        GOOD + "[windows]\nmin_rows = 0\n",
        "m.toml:9: windows.min_rows: expected greater than or equal to 1, got 0",
    ),
    "no choice": (
        GOOD + '[windows]\nseason = "month"\n',
        "m.toml:9: windows.season: expected 'weekday' or 'none', got 'month'",
    ),
    "a share": (
        GOOD + "[drift]\nmin_effect = 5\n",
        "m.toml:9: drift.min_effect: expected less than or equal to 1, got 5",
    ),
    "no number": (
        GOOD + '[drift]\npersistence = "two"\n',
        "m.toml:9: drift.persistence: expected a valid integer, got 'two'",
    ),
    "a misspelt key": (GOOD + "[drift]\nmin_efect = 1\n", "m.toml:9: drift.min_efect: no such key"),
    "a misspelt section": (GOOD + "[drfit]\nmin_effect = 1\n", "m.toml:8: drfit: no such key"),
    "descending steps": (
        GOOD + "[rollout]\nsteps = [50, 10]\n",
        "m.toml:8: rollout: steps must ascend and end at 100",
    ),
    "a contract of nobody": (
        GOOD + "[quality.other]\nmin = 0\n",
        "m.toml:8: quality.other: other is not a feature",
    ),
    "an empty range": (
        GOOD + "[quality.sum]\nmin = 5\nmax = 1\n",
        "m.toml:8: quality.sum: min 5 lies above max 1",
    ),
    "a quoted column": (
        GOOD.replace("sum", "a b") + '[quality."a b"]\nnulls = 7\n',
        "m.toml:9: quality.a b.nulls: expected less than or equal to 1, got 7",
    ),
    "a strange slice": (
        GOOD + '[gates]\nslices = ["x"]\n',
        "m.toml:9: gates.slices: x is not a feature",
    ),
    "a leak": (
        GOOD.replace('"sum"', '"bad"'),
        "m.toml:6: features: bad would give the answer",
    ),
    "time as feature": (GOOD.replace('"sum"', '"at"'), "m.toml:6: features: at is the event time"),
    "time as label": (
        GOOD.replace('"bad"', '"at"'),
        "m.toml:5: stream.label: at is the event",
    ),
    "no TOML": (GOOD + "oops\n", "m.toml: not TOML: Expected '=' after a key"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_place(case: str) -> None:
    text, says = WRONG[case]
    with pytest.raises(BadModelFile) as caught:
        parse_model(text, source="m.toml")
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        "gates.confidence",
        "rollout.alpha",
        "drift.performance_alpha",
        "drift.false_discovery_rate",
        "drift.history_quantile",
    ],
)
@pytest.mark.parametrize("chance", [0, 1])
def test_a_chance_of_error_is_neither_none_nor_certain(key: str, chance: int) -> None:
    """No bound holds at 0, and every one at 1: the first gate or look would break on it."""
    section, name = key.split(".")
    with pytest.raises(BadModelFile, match=name):
        parse_model(GOOD + f"[{section}]\n{name} = {chance}\n", source="m.toml")


def test_everything_wrong_is_said_at_once() -> None:
    text = GOOD + "[drift]\nmin_effect = 5\npersistence = 0\n"
    with pytest.raises(BadModelFile) as caught:
        parse_model(text, source="m.toml")
    assert [line.split(" ")[0] for line in str(caught.value).splitlines()] == [
        "m.toml:9:",
        "m.toml:10:",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadModelFile, match=r"none\.toml: cannot be read: No such file"):
        read_model(tmp_path / "none.toml")
    (tmp_path / "m.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadModelFile, match="no UTF-8 text"):
        read_model(tmp_path / "m.toml")


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.toml").write_text(GOOD)
    assert list(read_models(str(tmp_path / "a"))) == ["t"]
    with pytest.raises(BadModelFile, match=r"b/model\.toml: a second model is named 't'"):
        read_models(str(tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadModelFile, match=r"no model\.toml under"):
        read_models(str(tmp_path / "empty"))


@pytest.mark.parametrize("text", ["a=" + "[" * 5000, "a=" + "{b=" * 5000])
def test_a_file_that_lies_too_deep_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadModelFile, match=r"deep.toml: its lists or tables lie too deep"):
        parse_model(text, source="deep.toml")
