"""Steps of several models come at once: bundles are fetched at once, and loaded in turn."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Event, Lock

from evermodel.scorer.handlers.loading import Loader, Loading
from evermodel.scorer.ports import LoadedVersion
from tests.unit.scorer.bench import FORM, FormulaModel, by_amount, play, step


@dataclass
class Busy:
    """Notices how many load at the same time; no fetch ends before the other has begun."""

    inside: int = 0
    most: int = 0
    lock: Lock = field(default_factory=Lock)
    meeting: Barrier = field(default_factory=lambda: Barrier(2, timeout=10))

    def fetch(self, uri: str, *, digest: str) -> Path:
        self.meeting.wait()
        return Path(uri)

    def load(self, bundle: Path, *, digest: str) -> LoadedVersion:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        Event().wait(0.05)
        with self.lock:
            self.inside -= 1
        return FormulaModel(by_amount)


def test_two_models_are_fetched_at_once_and_loaded_in_turn() -> None:
    busy = Busy()
    loader = Loader(bundles=busy, scoring=busy)

    def load(model: str) -> Loading:
        event = step(play(1, role="champion", weight=100), model=model)
        return loader.load(event, before={}, form=FORM)

    with ThreadPoolExecutor(max_workers=2) as pool:
        answers = list(pool.map(load, ["fraud", "theft"]))
    assert [list(answer.ready) for answer in answers] == [[1], [1]]
    assert busy.most == 1
