"""Every entrance against inputs made up at random, for as long as one likes.

    python -m tests.faults.input.fuzz --seconds 3600 --out runs/fuzz

Inputs in turn for each: a sound one with a value replaced anywhere in it, or torn, a piece of
another, nothing but noise. It may be taken or end in `Poison`; anything else is a crash, and its
input is kept with `--out`: lay it into ``corpus/``, and the tests replay it. Prints what was tried
as JSON, and with `--out` writes it as a cell of docs/guarantees.md. The seed is printed too: the
same one tries the same inputs.
"""

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.certificate import Cell
from tests.contract.decoders.cases import Case, answer
from tests.contract.decoders.wild import CORPUS, VALUES
from tests.faults.input.entrances import ENTRANCES

#: Inputs that once were interesting, each a file: ``<decoder>--<what is wild in it>``.
KEPT = Path(__file__).with_name("corpus")
#: Inputs to a decoder before the next has its turn.
_TURN = 200
_VALUES = list(VALUES.values())
#: What stands behind a colon, a comma or a bracket: a value or a name.
_ATOM = re.compile(rb'[:,\[{]\s*("[^"]*"|-?[0-9.]+|true|false|null)')
_SMALL = [value for value in CORPUS.values() if len(value) < 10_000]


@dataclass(slots=True)
class Tried:
    """What became of one decoder's inputs. `slowest`: seconds."""

    inputs: int = 0
    taken: int = 0
    poison: int = 0
    slowest: float = 0.0
    crashes: list[str] = field(default_factory=list)


def name_of(case: Case) -> str:
    """Return the decoder's name as a file may begin with it."""
    return case.name.replace(" ", "-")


def made(case: Case, chance: random.Random) -> bytes:
    """Return an input for `case` that nobody has thought of."""
    way = chance.random()
    if way < 0.05:  # seldom: noise is refused at its first byte
        return chance.randbytes(chance.randrange(65))
    if way < 0.1:  # the corpus is replayed anyway
        return chance.choice(_SMALL)
    value = case.sound
    for _ in range(chance.randrange(3)):
        value = _replaced(value, chance)
    return _torn(value, chance) if chance.random() < 0.3 else value  # most are JSON


def _replaced(value: bytes, chance: random.Random) -> bytes:
    """Return `value` with one of its values, however deep, by another."""
    found = [*_ATOM.finditer(value)]
    if not found:
        return value
    at = chance.choice(found)
    return value[: at.start(1)] + chance.choice(_VALUES) + value[at.end(1) :]


def _torn(value: bytes, chance: random.Random) -> bytes:
    begin, end = sorted(chance.randrange(len(value) + 1) for _ in range(2))
    if chance.random() < 0.5:  # half of them lose a few bytes only
        end = min(end, begin + chance.randrange(4))
    middle = chance.choice(
        [
            b"",
            chance.randbytes(chance.randrange(9)),
            chance.choice(_VALUES),
            value[begin:end] * 2,
            chance.choice(_SMALL),
        ]
    )
    return value[:begin] + middle + value[end:]


def fuzz(
    *, seconds: float, seed: int, cases: Sequence[Case] = ENTRANCES, keep: Path | None = None
) -> dict[str, Tried]:
    """Try inputs until `seconds` have passed; each decoder has had a turn at least.

    `keep`: where to write an input that got anything but an answer.
    """
    tried = {case.name: Tried() for case in cases}
    chance, until = random.Random(seed), time.monotonic() + seconds
    while True:
        for case in cases:
            for _ in range(_TURN):
                _try(case, made(case, chance), tried[case.name], keep)
        if time.monotonic() >= until:
            return tried


def _try(case: Case, value: bytes, tried: Tried, keep: Path | None) -> None:
    began = time.perf_counter()
    said = answer(case.decode, value)
    tried.slowest = max(tried.slowest, time.perf_counter() - began)
    tried.inputs += 1
    if said == "taken":
        tried.taken += 1
    elif said == "poison":
        tried.poison += 1
    else:
        tried.crashes.append(said)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{name_of(case)}--crash-{len(tried.crashes)}").write_bytes(value)


def cell(tried: Mapping[str, Tried], *, seconds: float, seed: int) -> Cell:
    """Return the cell that a run proves."""
    inputs = sum(each.inputs for each in tried.values())
    crashes = sum(len(each.crashes) for each in tried.values())
    return Cell(
        chapter="input",
        fault=f"{inputs:,} inputs made up at random, to {len(tried)} decoders and handlers in turn",
        promise="each is taken or a dead letter with its reason; none ends in anything else",
        seen="'given up (poison): …'; evermodel_dead_letters_total",
        test=f"python -m tests.faults.input.fuzz --seconds {seconds:.0f} --seed {seed}",
        passed=crashes == 0 and all(each.taken and each.poison for each in tried.values()),
        measured={
            "inputs": inputs,
            "inputs_per_second": round(inputs / seconds),
            "crashes": crashes,
            "slowest_seconds": round(max(each.slowest for each in tried.values()), 3),
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, print, and return 1 where a decoder crashed."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.faults.input.fuzz")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for the cell, and for what crashed")
    told = parser.parse_args(arguments)
    began = time.monotonic()
    keep = None if told.out is None else told.out / "crashes"
    tried = fuzz(seconds=told.seconds, seed=told.seed, keep=keep)
    proved = cell(tried, seconds=time.monotonic() - began, seed=told.seed)
    summary = {**asdict(proved), "decoders": {name: asdict(each) for name, each in tried.items()}}
    print(json.dumps(summary, indent=1))  # noqa: T201  # a command
    if told.out is not None:
        told.out.mkdir(parents=True, exist_ok=True)
        (told.out / "fuzz.json").write_text(json.dumps(asdict(proved), indent=1), encoding="utf-8")
    return 0 if proved.passed else 1


if __name__ == "__main__":
    sys.exit(main())
