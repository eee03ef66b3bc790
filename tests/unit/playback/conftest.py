"""A small table and its description."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import parse_model

MODEL = """
[model]
name = "small"
[stream]
time = "at"
label = "bad"
id = "key"
entity = "who"
label_delay = "2d"
forbidden = ["leak"]
[features]
continuous = ["sum"]
categorical = ["shop"]
flag = ["night"]
[windows]
min_rows = 1
"""


@pytest.fixture
def model() -> ModelDescription:
    return parse_model(MODEL, source="small")


@pytest.fixture
def frame() -> pl.DataFrame:
    first = datetime(2025, 1, 1)  # noqa: DTZ001  # a naive column
    n = 40
    return pl.DataFrame(
        {
            "key": range(100, 100 + n),
            "at": [first + timedelta(hours=3 * i) for i in range(n)],
            "who": [f"c{i % 5}" for i in range(n)],
            "bad": [1 if i % 10 == 0 else 0 for i in range(n)],
            "leak": [9] * n,
            "sum": [float(i) + 0.5 for i in range(n)],
            "shop": [None if i % 7 == 0 else f'sh"op{i % 3}é' for i in range(n)],
            "night": [i % 2 == 0 for i in range(n)],
            "unasked": ["x"] * n,
        }
    )
