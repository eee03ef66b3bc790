"""Whatever comes in is taken or given up with its reason; and the fuzzer would tell if not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evermodel.common.kernel.errors import Poison
from tests.contract.decoders.cases import Case, answer
from tests.faults.input.entrances import ENTRANCES
from tests.faults.input.fuzz import KEPT, cell, fuzz, main, name_of

INPUTS = sorted(KEPT.iterdir())
ANSWERS = {"taken", "poison"}


@pytest.mark.guarantee(
    "input",
    fault="what once was interesting, kept: {kept}",
    promise="every decoder and hot handler takes it or says what is wrong",
    seen="'given up (poison): …'; evermodel_dead_letters_total",
)
@pytest.mark.parametrize("kept", [path.name for path in INPUTS])
def test_a_kept_input_is_taken_or_given_up_everywhere(kept: str) -> None:
    value = (KEPT / kept).read_bytes()
    answers = {case.name: answer(case.decode, value) for case in ENTRANCES}
    assert {name: said for name, said in answers.items() if said not in ANSWERS} == {}


def test_every_kept_input_is_of_an_entrance() -> None:
    known = {"any", *map(name_of, ENTRANCES)}
    assert {path.name.split("--")[0] for path in INPUTS} <= known


def test_each_entrance_takes_some_inputs_and_refuses_some() -> None:
    tried = fuzz(seconds=0.0, seed=7)
    assert cell(tried, seconds=1.0, seed=7).passed, {n: t for n, t in tried.items() if t.crashes}


def test_the_same_seed_tries_the_same_inputs() -> None:
    def told(seed: int) -> list[tuple[int, int]]:
        return [(t.taken, t.poison) for t in fuzz(seconds=0.0, seed=seed).values()]

    assert told(1) == told(1) != told(2)


def test_a_crash_is_kept_and_turns_the_cell_red(tmp_path: Path) -> None:
    def fragile(value: bytes | None) -> object:
        if b"1970" in (value or b""):
            raise KeyError("1970")
        return Poison

    case = Case("fragile decoder", fragile, {"time": "2026-01-01T00:00:00Z"})
    tried = fuzz(seconds=0.0, seed=1, cases=[case], keep=tmp_path)
    assert not cell(tried, seconds=1.0, seed=1).passed
    kept = [*tmp_path.glob("fragile-decoder--crash-*")]
    assert len(kept) == len(tried[case.name].crashes) > 0
    assert all(b"1970" in path.read_bytes() for path in kept)


def test_the_command_writes_its_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "0", "--out", str(tmp_path)]) == 0
    summary, written = json.loads(capsys.readouterr().out), tmp_path / "fuzz.json"
    assert json.loads(written.read_text()).items() <= summary.items()
    assert summary["measured"]["crashes"] == 0
    assert {*summary["decoders"]} == {case.name for case in ENTRANCES}


@pytest.mark.whole
@pytest.mark.guarantee(
    "input",
    fault="a minute of inputs made up at random, to every decoder and hot handler",
    promise="each is taken or a dead letter with its reason; none ends in anything else",
    seen="'given up (poison): …'; evermodel_dead_letters_total",
)
def test_a_minute_of_random_inputs_ends_in_nothing_else(
    record_property: Callable[[str, object], None],
) -> None:
    proved = cell(fuzz(seconds=60.0, seed=20261130), seconds=60.0, seed=20261130)
    for name, value in proved.measured.items():
        record_property(name, value)
    assert proved.passed, proved.measured
