"""A model that is forgotten in the scoring process leaves no memory behind."""

import gc
from collections.abc import Iterator
from pathlib import Path
from weakref import ref

import pytest

from evermodel.scorer.adapters.frames import Load, Loaded
from evermodel.scorer.child import serving


class Graph:
    """Holds itself, as TensorFlow's do."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def rarely_collected() -> Iterator[None]:
    """As where hundreds of thousands of imported objects put a full collection off."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("rarely_collected")
def test_what_is_forgotten_is_given_back_before_the_next_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[ref[Graph]] = []

    def load(path: Path, *, expect_digest: str, threads: int) -> Graph:
        assert all(earlier() is None for earlier in made), "two at once"
        graph = Graph()
        made.append(ref(graph))
        return graph

    monkeypatch.setattr(serving, "load", load)
    models = serving.Models(threads=1)
    for handle in range(3):
        forgotten = (handle - 1,) if handle else ()
        reply = models.reply_to(Load(handle, str(tmp_path), "sha256:0", forgotten))
        assert isinstance(reply, Loaded)
    assert len(made) == 3
    assert made[-1]() is not None
