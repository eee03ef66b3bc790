"""The form of a benchmark's JSON, which scripts read, and the page written from it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import __main__ as front
from benchmarks import results
from benchmarks.figures import Figure, report
from benchmarks.timing import quantile, turn_about


def test_the_json_has_its_promised_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"rate": Figure(1234.5678, "rows/s"), "peer": Figure(3.0, "ms", "scipy", 2.0)}
    monkeypatch.setattr(front, "measure", lambda name, *, quick, data, minutes: figures)
    file = tmp_path / "out.json"
    assert front.main(["drift", "--quick", "--json", str(file)]) == 0
    said = json.loads(file.read_text())
    assert json.loads(capsys.readouterr().out) == said
    assert said["benchmark"] == "drift"
    assert said["command"] == "python -m benchmarks drift --quick"
    assert said["figures"]["rate"] == {
        "value": 1235.0,
        "unit": "rows/s",
        "peer": None,
        "ratio": None,
    }
    assert said["figures"]["peer"]["ratio"] == 2.0
    assert {"cpu", "cores", "memory_gb", "system", "python"} <= set(said["machine"])


def test_an_unknown_name_is_wrong_usage() -> None:
    with pytest.raises(SystemExit, match="2"):
        front.main(["nothing"])


def test_the_page_is_written_from_the_data_alone(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    said = report("drift", {"window_ms": Figure(2.5, "ms", "scipy", 20.0)}, quick=False)
    (tmp_path / "results" / "drift.json").write_text(json.dumps(said))
    results.rewrite(tmp_path)
    page = (tmp_path / "RESULTS.md").read_text()
    assert "| window_ms | 2.5 ms | scipy | 20 |" in page
    assert "`python -m benchmarks drift`" in page


def test_the_committed_page_is_the_one_its_data_makes(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    for file in (results.HERE / "results").glob("*.json"):
        (tmp_path / "results" / file.name).write_text(file.read_text())
    results.rewrite(tmp_path)
    committed = (results.HERE / "RESULTS.md").read_text()
    assert committed == (tmp_path / "RESULTS.md").read_text(), "run `python -m benchmarks results`"


def test_contenders_take_turns() -> None:
    calls: list[str] = []

    def called(name: str) -> Callable[[], None]:
        return lambda: calls.append(name)

    turn_about({"ours": called("ours"), "peer": called("peer")})
    assert calls == ["ours", "peer"] * 4


def test_fewer_than_three_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        turn_about({}, rounds=2)


def test_a_quantile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(100)]
    assert (quantile(values, 0.5), quantile(values, 0.95), quantile(values, 1.0)) == (50, 95, 99)
