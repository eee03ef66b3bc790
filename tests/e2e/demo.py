"""The demo played as a person does, what it left behind, and its twin as a program."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples/demo/model.toml"


@dataclass(frozen=True)
class Told:
    """What a run of the demo left behind."""

    out: Path
    said: str
    summary: Mapping[str, Any]

    @property
    def events(self) -> Sequence[Mapping[str, Any]]:
        lines = (self.out / "events.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def demo(out: Path, *more: str) -> Told:
    command = [str(Path(sys.executable).with_name("evermodel")), "demo", "--out", str(out), *more]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return Told(out, ended.stdout, json.loads((out / "summary.json").read_text()))


REPLAY = """
import sys
from pathlib import Path
from evermodel.twin.replay import ReplayOptions, replay
model, data, out = map(Path, sys.argv[1:4])
replay(ReplayOptions(model=model, data=data, out=out, fault=sys.argv[4]))
"""
