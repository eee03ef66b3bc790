"""Whole rollouts over a ``Stage``: the deployer's own state machine, day by day, label by label.

Customers are placed by the scorer's own hash, salted anew for each rollout. Labels are known
`label_delay` after their day. Git takes everything at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.challenges import Floats, Stage
from evermodel.common.events.windows import SCORE_BINS
from evermodel.deployer.domain.betting import wealth
from evermodel.deployer.domain.evidence import (
    Agreement,
    Cell,
    Cohort,
    Outcomes,
    PairCell,
    Pairing,
    Tally,
    Window,
)
from evermodel.deployer.domain.happenings import (
    Accepted,
    Context,
    Happening,
    Matured,
    WindowClosed,
)
from evermodel.deployer.domain.lifecycle import Lifecycle, Stable
from evermodel.deployer.domain.machine import advance
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.release import Release
from evermodel.deployer.handlers.translation import policy_of
from evermodel.drift.domain.pairing import pair_of
from evermodel.scorer.domain.assignment import places_of

DAY = timedelta(days=1)
EPOCH = datetime(2018, 4, 1, tzinfo=UTC)
CHAMPION, CHALLENGER = 1, 2
#: A canary analysis looks at a p-value; this is the usual bound.
PEER_ALPHA = 0.01

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a rollout ended.

    `action`: the step that ended it. `days`: since the challenger first decided anything, in
    windows; `rows`: what it decided by then. `checks`: those that failed. `peer_objects`: a
    Kolmogorov test between the two groups' decisive scores called the challenger bad.
    `fair_peer_objects`: one between the challenger's own scores, where it decides and where it
    shadows, did. `frauds_alone_object`: labelled frauds did, without a look at false alarms.
    """

    action: str
    days: int
    rows: int
    checks: tuple[str, ...]
    peer_objects: bool
    fair_peer_objects: bool
    frauds_alone_object: bool


def play(stage: Stage, *, start: int, salt: str, skew: float | None = None) -> Ending:
    """Roll the challenger out from day `start` on, and watch it to the end."""
    policy, state = policy_of(stage.model), Lifecycle(model="fraud")
    places = np.array(places_of(stage.entities, salt=salt))[stage.entity]
    answers = stage.challenger.copy()
    asked: list[Happening] = [Accepted(release=_release(v)) for v in (CHAMPION, CHALLENGER)]
    day, days, rows = start, 0, 0
    peer = fair = alone = False
    outcomes = Outcomes()
    while True:
        for number, happening in enumerate(asked):
            context = Context(cause=f"{salt}/{day}/{number}", now=EPOCH + day * DAY)
            state, steps = advance(state, happening, context=context, policy=policy)
            state = replace(state, owed=())
            for said in steps:
                if said.action in {"aborted", "rolled_back", "held", "completed"}:
                    failed = tuple(f.check for f in said.findings if f.verdict == "fail")
                    return Ending(
                        action=said.action,
                        days=days,
                        rows=rows,
                        checks=failed,
                        peer_objects=peer,
                        fair_peer_objects=fair,
                        frauds_alone_object=alone,
                    )
        if isinstance(state.phase, Stable):
            raise RuntimeError("a rollout ended without a word")
        weight = 0 if state.rollout is None else state.rollout.weight
        today = stage.days == day
        mine = today & (places < weight)
        if skew is not None:
            answers[mine] = stage.skewed[skew][mine]
        days, rows = days + (weight > 0), rows + int(mine.sum())
        if weight:
            peer |= _distant(answers[mine], stage.champion[today & ~mine])
            fair |= _distant(answers[mine], stage.challenger[today & ~mine])
        day += 1
        decided = today if state.rollout is None else mine
        cohort = _cohort(stage, answers, day, start=start)
        outcomes += cohort.outcomes_of(champion=CHAMPION, challenger=CHALLENGER)
        alone |= _fewer_frauds(outcomes, policy)
        window = _window(stage, answers, today, decided, day)
        asked = [WindowClosed(window=window), Matured(cohort=cohort)]


def _distant(mine: Floats, others: Floats) -> bool:
    return bool(stats.ks_2samp(mine, others, method="asymp").pvalue < PEER_ALPHA)


def _fewer_frauds(found: Outcomes, policy: Policy) -> bool:
    lost, won = found.frauds_champion_only, found.frauds_challenger_only
    proved = wealth(lost, won) >= 1 / policy.alpha
    return proved and lost - won >= policy.least_loss * found.frauds


def _window(stage: Stage, answers: Floats, today: Mask, decided: Mask, day: int) -> Window:
    cells = [
        Cell(decided_by=who, version=version, tally=_tally(scores[rows], stage.thresholds[place]))
        for who, rows in ((CHAMPION, today & ~decided), (CHALLENGER, decided))
        for place, (version, scores) in enumerate(
            ((CHAMPION, stage.champion), (CHALLENGER, answers))
        )
    ]
    pairs = [
        PairCell(
            decided_by=who,
            older=CHAMPION,
            newer=CHALLENGER,
            agreement=_agreement(stage, answers, rows),
        )
        for who, rows in ((CHAMPION, today & ~decided), (CHALLENGER, decided))
    ]
    return Window(end=EPOCH + day * DAY, sound=True, cells=tuple(cells), pairs=tuple(pairs))


def _agreement(stage: Stage, answers: Floats, rows: Mask) -> Agreement:
    pair = pair_of(
        {CHAMPION: stage.champion[rows], CHALLENGER: answers[rows]},
        {
            CHAMPION: stage.champion[rows] >= stage.thresholds[0],
            CHALLENGER: answers[rows] >= stage.thresholds[1],
        },
        stage.groups[rows],
        older=CHAMPION,
        newer=CHALLENGER,
    )
    return Agreement(
        rows=pair.rows,
        champion_alone=pair.older_alone,
        challenger_alone=pair.newer_alone,
        group_rows=tuple(pair.group_rows.tolist()),
        group_gaps=tuple(pair.group_gaps.tolist()),
        group_spreads=tuple(pair.group_spreads.tolist()),
    )


def _tally(scores: Floats, threshold: float) -> Tally:
    bins = np.minimum((scores * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    histogram: Sequence[int] = np.bincount(bins, minlength=SCORE_BINS).tolist()
    alerts = int((scores >= threshold).sum())
    return Tally(rows=len(scores), alerts=alerts, histogram=tuple(histogram))


def _cohort(stage: Stage, answers: Floats, day: int, *, start: int) -> Cohort:
    """Return what is known by the morning of `day` about rows that both versions scored."""
    born = day - 1 - stage.model.stream.label_delay // DAY
    if born < start:
        return Cohort(time=EPOCH + day * DAY, pairings=())
    rows = stage.days == born
    fraud = stage.frauds[rows]
    old = stage.champion[rows] >= stage.thresholds[0]
    new = answers[rows] >= stage.thresholds[1]
    outcomes = Outcomes(
        frauds=int(fraud.sum()),
        frauds_champion_only=int((fraud & old & ~new).sum()),
        frauds_challenger_only=int((fraud & new & ~old).sum()),
        genuine_champion_only=int((~fraud & old & ~new).sum()),
        genuine_challenger_only=int((~fraud & new & ~old).sum()),
    )
    pairing = Pairing(left=CHAMPION, right=CHALLENGER, outcomes=outcomes)
    return Cohort(time=EPOCH + day * DAY, pairings=(pairing,))


def _release(version: int) -> Release:
    return Release(
        version=version,
        model_uri=f"models:/fraud/{version}",
        artefact_uri=f"runs:/{version}/bundle",
        digest=f"sha256:{version:064x}",
        threshold=0.5,
        reference_id=f"reference-{version}",
        lifecycle_id=f"lifecycle-{version}",
    )
