"""A page that evermodel draws runs nothing that came in with the data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evermodel.profile.schema import Schema
from tests.unit.drift.alarms import alarm
from tests.unit.drift.windows import REFERENCE

pytestmark = [
    pytest.mark.whole,  # Evidently takes seconds to import
    pytest.mark.filterwarnings("ignore"),  # its own
]

EVIL = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"


def frame(shift: float) -> pd.DataFrame:
    random = np.random.default_rng(1)
    amounts = random.normal(shift, 1, 200)
    return pd.DataFrame({"sum": amounts, EVIL: random.choice([EVIL, "shop"], 200)})


@pytest.mark.guarantee(
    "security",
    fault="a merchant or a column is called </script><script>…",
    promise="the drift report shows the name and runs nothing",
    seen="drift/<time>.html, evidently.html in MLflow",
)
def test_names_from_payments_run_nothing_in_the_drift_report(tmp_path: Path) -> None:
    from evermodel.drift.child import pictures  # noqa: PLC0415  # seconds, and it warns

    verdict = alarm("a1", REFERENCE).verdict
    schema = Schema(continuous=("sum",), categorical=(EVIL,), flag=())
    page = pictures._page(frame(0), frame(1), schema=schema, verdict=verdict)
    page.save_html(str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text()
    assert text.count("window.pwned") > 4, "the name is shown"
    assert "<script>window.pwned" not in text
    assert "<img src=x" not in text
