"""What a soak looked like, as one picture: memory, handles, threads, lag and topics over minutes.

Owns what is shown, not how. A line is one life of a process. What only waits (spares) is grey; the
broker, which has ten times everybody else's handles and threads, has a panel of its own for them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.picture import GREY, Line, Mark, Panel, Run, drawn, palette
from benchmarks.samples import Look, Samples
from benchmarks.troubles import KILL
from evermodel.embedded.broker import NAME as BROKER

KILLED, DISTURBED = "#cc3311", "#7788aa"
#: How many topics are shown: all together would be a thicket.
MOST_TOPICS = 8
SPARES = "spares, waiting"


def write_plot(samples: Samples, file: Path) -> None:
    """Draw `samples` into `file`, an SVG."""
    last = max((look.at for looks in samples.lives.values() for look in looks), default=1.0)
    marks = [
        Mark(at, name, KILLED if name.startswith(KILL) else DISTURBED) for at, name in samples.marks
    ]
    file.write_text(drawn(_panels(samples), marks, last=last) + "\n", encoding="utf-8")


def _panels(samples: Samples) -> list[Panel]:
    """Return what is drawn, from the top."""
    everybody = samples.names()
    others = [name for name in everybody if name != BROKER]
    colours = _coloured(name for name in everybody if not _is_spare(name))
    lives = samples.lives

    def of(names: Sequence[str], value: Callable[[Look], float]) -> list[Line]:
        return list(_lines(lives, names, value, colours))

    first, second, *_ = palette()
    return [
        Panel("resident memory, MB", of(everybody, lambda look: look.memory)),
        Panel("open handles, number", of(others, lambda look: look.handles)),
        Panel("threads, number", of(others, lambda look: look.threads)),
        Panel(
            "the broker's open handles and threads, number",
            [
                Line("handles", _runs(lives, BROKER, lambda look: look.handles), *first),
                Line("threads", _runs(lives, BROKER, lambda look: look.threads), *second),
            ],
        ),
        Panel(
            "offsets not yet committed, all groups, number", [Line("lag", [samples.lags], *first)]
        ),
        Panel("largest topics on disk, MB", list(_topics(samples))),
    ]


def _coloured(names: Iterable[str]) -> Mapping[str, tuple[str, bool]]:
    """Return each one's colour, the same in every panel, and whether it is dashed."""
    return dict(zip(names, palette(), strict=False))


def _is_spare(name: str) -> bool:
    return "-spare" in name


def _lines(
    lives: Mapping[tuple[str, int], Sequence[Look]],
    names: Sequence[str],
    value: Callable[[Look], float],
    colours: Mapping[str, tuple[str, bool]],
) -> Iterator[Line]:
    spares = [run for name in names if _is_spare(name) for run in _runs(lives, name, value)]
    if spares:  # the first, so that all others lie above them
        yield Line(SPARES, spares, GREY)
    for name in names:
        if not _is_spare(name):
            yield Line(name, _runs(lives, name, value), *colours.get(name, (GREY, True)))


def _runs(
    lives: Mapping[tuple[str, int], Sequence[Look]], name: str, value: Callable[[Look], float]
) -> list[Run]:
    return [
        [(look.at, value(look)) for look in looks]
        for (who, _), looks in lives.items()
        if who == name and looks
    ]


def _topics(samples: Samples) -> Iterator[Line]:
    ordered = sorted(samples.topics.items(), key=lambda topic: -topic[1][-1][1])
    for (name, sizes), colour in zip(ordered[:MOST_TOPICS], palette(), strict=False):
        yield Line(name, [sizes], *colour)
