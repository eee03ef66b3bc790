"""Laws of the judge, whatever was counted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.windows import ENTITY_GROUPS, SCORE_BINS
from evermodel.deployer.domain.evidence import (
    Agreement,
    Cell,
    Cohort,
    Evidence,
    Outcomes,
    Pair,
    PairCell,
    Served,
    Tally,
    Window,
)
from evermodel.deployer.domain.happenings import Accepted, Context, Matured, WindowClosed
from evermodel.deployer.domain.judge import judge, judge_promoted
from evermodel.deployer.domain.lifecycle import Lifecycle, RollingOut
from evermodel.deployer.domain.machine import advance
from evermodel.deployer.domain.release import Release
from evermodel.deployer.domain.verdicts import Judgement
from tests.unit.deployer.policy import DAY, POLICY

RANK = {"bad": 0, "not_yet": 1, "good": 2}
START = datetime(2018, 6, 1, tzinfo=UTC)
steps = st.integers(0, 3)
times = st.sampled_from([DAY / 2, DAY, 9 * DAY])
some = st.integers(0, 40)


@st.composite
def tallies(draw: st.DrawFn, rows: int) -> Tally:
    failed = draw(st.sampled_from([0, 0, 0, rows // 50]))
    alerts = draw(st.integers(0, (rows - failed) // 20))
    low = draw(st.integers(0, rows - failed - alerts))
    middle = rows - failed - alerts - low
    histogram = (low, *(0,) * 8, middle, *(0,) * (SCORE_BINS - 11), alerts)
    return Tally(rows=rows, failed=failed, alerts=alerts, histogram=histogram)


@st.composite
def served_pairs(draw: st.DrawFn) -> Pair:
    rows = draw(st.sampled_from([0, 10, 199, 200, 3_200]))
    one, other = draw(tallies(rows)), draw(tallies(rows))
    both = min(one.answered, other.answered)
    each = st.integers(-20, 20)
    gaps = draw(st.lists(each, min_size=ENTITY_GROUPS, max_size=ENTITY_GROUPS))
    if not both:
        gaps = [0] * ENTITY_GROUPS
    agreement = Agreement(
        rows=both,
        champion_alone=draw(st.integers(0, min(one.alerts, both // 3))),
        challenger_alone=draw(st.integers(0, min(other.alerts, both // 3))),
        group_rows=tuple((both + g) // ENTITY_GROUPS for g in range(ENTITY_GROUPS)),
        group_gaps=tuple(gaps),
        group_spreads=tuple(map(abs, gaps)),
    )
    return Pair(champion=one, challenger=other, agreement=agreement)


served = st.builds(Served, by_champion=served_pairs(), by_challenger=served_pairs())
outcomes = st.builds(
    Outcomes,
    frauds=st.integers(200, 2_000),
    frauds_champion_only=some,
    frauds_challenger_only=some,
    genuine_champion_only=some,
    genuine_challenger_only=st.integers(0, 200),
)
evidence = st.builds(
    Evidence, step=served, earlier=st.lists(served, max_size=2).map(tuple), outcomes=outcomes
)


def answer(given_: Evidence, step: int, elapsed: timedelta) -> int:
    return RANK[judge(given_, step=step, elapsed=elapsed, policy=POLICY).answer]


@given(evidence, steps, times, st.integers(1, 50))
def test_more_harm_never_turns_the_answer_to_the_better(
    found: Evidence, step: int, elapsed: timedelta, more: int
) -> None:
    before = answer(found, step, elapsed)
    for harm in (
        Outcomes(frauds=more, frauds_champion_only=more),
        Outcomes(genuine_challenger_only=more),
    ):
        assert answer(found.with_outcomes(harm), step, elapsed) <= before
        assert RANK[promoted(found.with_outcomes(harm)).answer] <= RANK[promoted(found).answer]
    unanswered = Pair(challenger=Tally(rows=more, failed=more))
    for worse in (Served(by_champion=unanswered), Served(by_challenger=unanswered)):
        assert answer(found.with_served(worse), step, elapsed) <= before
    decided = found.step.by_challenger
    for alone in (Agreement(champion_alone=more), Agreement(challenger_alone=more)):
        apart = replace(decided, agreement=decided.agreement + alone)
        skewed = replace(found, step=replace(found.step, by_challenger=apart))
        if decided.agreement.rows >= more:
            assert answer(skewed, step, elapsed) <= before


def promoted(found: Evidence) -> Judgement:
    return judge_promoted(found, elapsed=20 * DAY, policy=POLICY)


@given(evidence, steps, times)
def test_never_good_below_the_least_rows_or_the_least_time(
    found: Evidence, step: int, elapsed: timedelta
) -> None:
    rows = found.step.by_champion if step == 0 else found.step.by_challenger
    enough = min(rows.champion.answered, rows.challenger.answered) >= POLICY.min_rows
    if not enough or elapsed < POLICY.min_duration:
        assert answer(found, step, elapsed) < RANK["good"]


@given(steps, times)
def test_no_evidence_is_neither_good_nor_bad(step: int, elapsed: timedelta) -> None:
    assert answer(Evidence(), step, elapsed) == RANK["not_yet"]


@given(st.lists(served, max_size=4).flatmap(lambda w: st.tuples(st.just(w), st.permutations(w))))
def test_the_order_of_windows_on_one_step_decides_nothing(
    given_: tuple[list[Served], list[Served]],
) -> None:
    one, other = Evidence(), Evidence()
    for first, second in zip(*given_, strict=True):
        one, other = one.with_served(first), other.with_served(second)
    for step in range(3):
        assert judge(one, step=step, elapsed=DAY, policy=POLICY) == judge(
            other, step=step, elapsed=DAY, policy=POLICY
        )


@given(st.lists(served, min_size=1, max_size=6), st.integers(1, 50), st.integers(1, 50))
def test_neither_the_name_of_a_model_nor_the_number_of_a_version_decides_anything(
    days: list[Served], older: int, later: int
) -> None:
    one = [s for s, _ in told("fraud", days, champion=1, challenger=2)]
    other = [s for s, _ in told("Ⅳ / x", days, champion=older, challenger=older + later)]

    assert one == other


@given(st.lists(st.booleans(), max_size=12))
def test_windows_that_say_nothing_leave_the_champion_everything(broken: list[bool]) -> None:
    flood = Tally(rows=5_000, alerts=5_000, histogram=(*(0,) * (SCORE_BINS - 1), 5_000))
    bad = Served(by_champion=Pair(champion=flood, challenger=flood))
    days = [bad if is_broken else Served() for is_broken in broken]

    ended = told("fraud", days, champion=1, challenger=2, sound=False)
    assert all(weight == 0 for _, weight in ended)
    assert {action for action, _ in ended} <= {"promoted", "started", "held"}


def told(
    model: str, days: list[Served], *, champion: int, challenger: int, sound: bool = True
) -> list[tuple[str, int]]:
    """Return what is said of a rollout over `days`, and the challenger's weight then."""
    state = Lifecycle(model=model)
    said: list[tuple[str, int]] = []
    happenings: list[Accepted | WindowClosed | Matured] = [
        Accepted(release=release(version)) for version in (champion, challenger)
    ]
    for number, counted in enumerate(days, start=1):
        end = START + number * DAY
        window = window_of(counted, champion=champion, challenger=challenger, end=end)
        window = replace(window, sound=sound)
        happenings += [WindowClosed(window=window), Matured(cohort=Cohort(time=end, pairings=()))]
    for n, happening in enumerate(happenings):
        context = Context(cause=str(n), now=START)
        state, steps_ = advance(state, happening, context=context, policy=POLICY)
        state = replace(state, owed=())
        weight = state.phase.weight if isinstance(state.phase, RollingOut) else 0
        said += [(step.action, weight) for step in steps_]
    return said


def window_of(counted: Served, *, champion: int, challenger: int, end: datetime) -> Window:
    cells, pairs = [], []
    for decider, pair in ((champion, counted.by_champion), (challenger, counted.by_challenger)):
        for version, tally in ((champion, pair.champion), (challenger, pair.challenger)):
            cells.append(Cell(decided_by=decider, version=version, tally=tally))
        pairs.append(
            PairCell(decided_by=decider, older=champion, newer=challenger, agreement=pair.agreement)
        )
    return Window(end=end, sound=True, cells=tuple(cells), pairs=tuple(pairs))


def release(version: int) -> Release:
    return Release(
        version=version,
        model_uri=f"models:/m/{version}",
        artefact_uri="runs:/r/bundle",
        digest=f"sha256:{version:064x}",
        threshold=0.5,
        reference_id="reference",
        lifecycle_id="life",
    )
