"""A control hop: from an event published to the event that follows from it, committed.

Two links in processes of their own on a real broker, transactional; beside the same two links
written by hand, at least once and without transactions. One event at a time.
"""

import time
from collections.abc import Sequence
from itertools import pairwise

from benchmarks.figures import Figure, Figures
from benchmarks.links import CHAIN, PEER_CHAIN, PEER_TOPICS, linked
from benchmarks.timing import quantile
from benchmarks.watching import Bed, Eyes, bed, command, topic_is

WARM_UP = 10


def measure(*, quick: bool) -> Figures:
    """Return milliseconds a hop."""
    events = 100 if quick else 1_000
    names = ("first", "second", "peer-first", "peer-second")
    with bed(*PEER_TOPICS) as made, linked(*names, environment=made.environment):
        ours, peers = _eyes(made, CHAIN), _eyes(made, PEER_CHAIN)
        for number in range(WARM_UP):
            _hops(made, ours, CHAIN, number)
            _hops(made, peers, PEER_CHAIN, number)
        numbers = range(WARM_UP, WARM_UP + events)
        pairs = [(_hops(made, ours, CHAIN, n), _hops(made, peers, PEER_CHAIN, n)) for n in numbers]
        ours.close()
        peers.close()
    hops = [hop for pair in pairs for hop in pair[0]]
    by_hand = [hop for pair in pairs for hop in pair[1]]
    return {
        "hop_p50": _figure(hops, 0.5),
        "hop_p95": _figure(hops, 0.95),
        "hop_p99": _figure(hops, 0.99),
        "hop_p50_by_hand": _beside(hops, by_hand, 0.5),
        "hop_p95_by_hand": _beside(hops, by_hand, 0.95),
    }


def _eyes(made: Bed, chain: Sequence[str]) -> Eyes:
    return made.eyes(*chain[1:])


def _hops(made: Bed, eyes: Eyes, chain: Sequence[str], number: int) -> list[float]:
    """Send one event through a chain; return the milliseconds of each hop."""
    start = time.perf_counter()
    made.broker.publish([command(number, topic=chain[0])])
    moments = [start, *(eyes.until(topic_is(topic))[0] for topic in chain[1:])]
    return [(b - a) * 1e3 for a, b in pairwise(moments)]


def _figure(hops: Sequence[float], share: float) -> Figure:
    return Figure(quantile(hops, share), "ms")


def _beside(hops: Sequence[float], peers: Sequence[float], share: float) -> Figure:
    theirs = quantile(peers, share)
    ratio = theirs / quantile(hops, share)
    return Figure(theirs, "ms", "confluent-kafka by hand, at least once", ratio)
