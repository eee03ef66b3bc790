"""The scorer as the loop runs it: replicas, restarts, and nothing scored before it is loaded."""

from collections import Counter
from collections.abc import Callable

import pytest

from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied, Watermark
from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.records import Outgoing
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.testing.harness import Harness
from evermodel.scorer.ports import BundleUnreachable
from tests.unit.scorer.bench import Bench, meta, payment, play, step
from tests.unit.scorer.traffic import outgoing, scored

CHAMPION = play(1, role="champion", weight=80)
CANARY = play(2, role="challenger", weight=20)
TIME = meta().time
MARK = {"model": "fraud", "time": "2018-06-13T00:00:00Z"}


def stream(rows: int, *, partitions: int) -> list[Outgoing]:
    payments = [
        outgoing(payment(TRANSACTION_ID=n, CUSTOMER_ID=n), partition=n % partitions)
        for n in range(rows)
    ]
    marks = [outgoing(MARK, partition=p, kind=Watermark.TYPE) for p in range(partitions)]
    return [*payments, *marks]


def test_two_replicas_share_the_payments_and_each_answers_the_step(
    make_bench: Callable[..., Bench],
) -> None:
    harness = Harness(partitions=4)
    for replica in ("0", "1"):
        harness.add(make_bench(replica=replica).spec, instance=replica)
    harness.publish(step(CHAMPION, CANARY), time=TIME)
    harness.run()
    harness.publish_records(stream(400, partitions=4))
    harness.run()
    assert Counter(e.payload.replica for e in harness.events(ServingApplied)) == {"0": 1, "1": 1}
    rows = scored(harness)
    assert [row["id"] for row in rows] == [str(n) for n in range(400)]
    assert set(Counter(row["decided_by"] for row in rows)) == {1, 2}
    last = {r.partition: r for r in harness.records("transactions.scored")}
    assert all(("ce_type", Watermark.TYPE.encode()) in r.headers for r in last.values())


@pytest.mark.guarantee(
    "input",
    fault="a model is taken out of the settings while its payments still come on a shared topic",
    promise="each is a dead letter; the other models' payments are scored, however many those are",
    seen="'given up (permanent): ce_subject … names no model that reads transactions'; "
    "evermodel_dead_letters_total",
)
def test_payments_of_a_model_that_was_put_away_do_not_stop_those_of_others(
    make_bench: Callable[..., Bench],
) -> None:
    harness = Harness(partitions=1)
    harness.add(make_bench().spec, settings=LoopSettings(dead_letters_per_minute=3))
    harness.publish(step(CHAMPION, CANARY), time=TIME)
    harness.run()
    for n in range(40):
        others = outgoing(payment(TRANSACTION_ID=n), partition=0, subject="put-away")
        harness.publish_records([others, outgoing(payment(TRANSACTION_ID=n), partition=0)])
    harness.run()
    assert [row["id"] for row in scored(harness)] == [str(n) for n in range(40)]
    assert len(harness.dead_letters("scorer")) == 40


def test_payments_of_nobody_that_is_described_stop_the_scorer(
    make_bench: Callable[..., Bench],
) -> None:
    harness = Harness(partitions=1)
    harness.add(make_bench().spec, settings=LoopSettings(dead_letters_per_minute=3))
    harness.publish_records([outgoing(payment(), partition=0, subject="other")] * 40)
    with pytest.raises(Fatal, match="more than 3 dead letters"):
        harness.run()


def test_a_restarted_scorer_loads_only_what_serves_now(make_bench: Callable[..., Bench]) -> None:
    harness = Harness()
    for version in (1, 2, 3):
        harness.publish(
            step(play(version, role="champion", weight=100), version=version), time=TIME
        )
    bench = make_bench()
    harness.add(bench.spec)
    harness.publish_records(stream(20, partitions=2))
    harness.run()
    assert bench.store.loads == ["v3"]
    assert len(harness.events(ServingApplied)) == 1
    assert {row["decided_by"] for row in scored(harness)} == {3}


def test_payments_wait_while_nothing_can_be_loaded(make_bench: Callable[..., Bench]) -> None:
    harness, bench = Harness(), make_bench()
    harness.publish(step(play(1, role="champion", weight=100), version=1), time=TIME)
    harness.publish_records(stream(20, partitions=2))
    bench.store.formulas["v1"] = BundleUnreachable("MLflow does not answer")
    loop = harness.add(bench.spec)
    for _ in range(5):
        loop.step()
        harness.clock.advance(2.0)
    assert not scored(harness)
    bench.store.formulas["v1"] = lambda columns: [0.9] * len(columns["TX_AMOUNT"])
    harness.run()
    assert {row["decision"] for row in scored(harness)} == {"alert"}


def test_a_bad_payment_lies_in_the_dead_letter_with_its_reason(
    make_bench: Callable[..., Bench],
) -> None:
    harness = Harness()
    harness.add(make_bench().spec)
    harness.publish_records([outgoing(payment(TX_AMOUNT="much"), partition=0)])
    harness.publish_records(stream(4, partitions=2))
    harness.run()
    (letter,) = harness.dead_letters("scorer")
    assert letter.reason == "poison"
    assert "column TX_AMOUNT" in str(letter)
    assert len(scored(harness)) == 4


def test_the_same_history_gives_the_same_bytes(make_bench: Callable[..., Bench]) -> None:
    runs = []
    for _ in range(2):
        harness = Harness()
        harness.add(make_bench().spec)
        harness.publish(step(CHAMPION, CANARY), time=TIME)
        harness.run()
        harness.publish_records(stream(100, partitions=2))
        harness.run()
        runs.append([r.value for r in harness.records("transactions.scored")])
        assert harness.events(RolloutStep)
    assert runs[0] == runs[1]
