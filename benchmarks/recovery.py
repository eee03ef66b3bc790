"""Killed with ``kill -9``, started again at once: how long until its next commit.

Every service of the real stack is killed under its supervisor, then the broker (see ``kills``), and
before that the least service there can be. Of that one, ours: static membership and one
transactional id. Its peer: the same link by hand, as a dynamic member with a session of 6 s. The
start of the Python process is part of the time. The quick form kills the least service only.
"""

import time
from collections.abc import Sequence
from itertools import count
from statistics import median

from benchmarks.figures import Figure, Figures
from benchmarks.kills import recoveries
from benchmarks.links import CHAIN, PEER_CHAIN, PEER_TOPICS, ended, start
from benchmarks.timing import pause
from benchmarks.watching import Bed, Eyes, bed, command, topic_is

#: Time between a commit and the kill: groups have settled and work is under way.
SETTLE_SECONDS = 0.5


def measure(*, quick: bool) -> Figures:
    """Return seconds from kill to next commit."""
    kills = 3 if quick else 20
    with bed(*PEER_TOPICS) as made:
        ours = _recoveries(made, "first", CHAIN, kills=kills)
        peers = _recoveries(made, "peer-first", PEER_CHAIN, kills=3 if quick else 5)
    least = {
        "recovery_p50": Figure(median(ours), "s"),
        "recovery_max": Figure(max(ours), "s"),
        "recovery_p50_dynamic": Figure(
            median(peers),
            "s",
            "confluent-kafka by hand, dynamic member",
            median(peers) / median(ours),
        ),
    }
    # A stack whose services are all well, each with a spare, takes longer than a quick form may.
    return least if quick else {**least, **recoveries(rounds=5)}


def _recoveries(made: Bed, name: str, chain: Sequence[str], *, kills: int) -> list[float]:
    eyes, numbers, taken = made.eyes(chain[1]), count(), []
    process = start(name, environment=made.environment)
    try:
        _through(made, eyes, chain, next(numbers))
        for _ in range(kills):
            pause(SETTLE_SECONDS)
            process.kill()
            killed = time.perf_counter()
            process.wait()
            process = start(name, environment=made.environment)
            taken.append(_through(made, eyes, chain, next(numbers)) - killed)
    finally:
        eyes.close()
        with ended(process):
            pass
    return taken


def _through(made: Bed, eyes: Eyes, chain: Sequence[str], number: int) -> float:
    """Send one event through the link and return when its effect was committed."""
    made.broker.publish([command(number, topic=chain[0])])
    moment, _ = eyes.until(topic_is(chain[1]))
    return moment
