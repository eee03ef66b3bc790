"""Scoring a batch: every loaded version answers every row, one of them decides each.

A version that raises, or answers with anything but probabilities, is silent for those rows;
the batch goes on without it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evermodel.common.kernel.levels import level_text
from evermodel.scorer.domain.decisions import Answers, Decision, answers_of, decide, silent
from evermodel.scorer.domain.payments import Payment, RowForm
from evermodel.scorer.domain.plan import Player, assigned
from evermodel.scorer.handlers.fault import Fault
from evermodel.scorer.handlers.live import Live
from evermodel.scorer.ports import Columns, ScoringAway, Unasked

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScoredBatch:
    """Answers by version, and one decision per row."""

    answers: Mapping[int, Answers]
    decisions: Sequence[Decision]


def score_batch(
    payments: Sequence[Payment], *, live: Live, form: RowForm, fault: Fault | None = None
) -> ScoredBatch:
    """Return what the versions of `live` say about `payments`. `fault`: a test switch."""
    plan = live.plan
    whose = assigned([payment.entity for payment in payments], plan=plan)
    columns = columns_of(payments, form=form) if plan.players else {}
    answers = {}
    for player in plan.players:
        seen = columns
        if fault is not None:
            seen = fault.seen_by(player.version, columns, whose=whose, plan=plan)
        answers[player.version] = _ask(player, live, seen, whose)
    return ScoredBatch(answers, decide(whose, plan=plan, answers=answers))


def columns_of(payments: Sequence[Payment], *, form: RowForm) -> Columns:
    """Return the features as models take them: float32 with NaN, strings with ""."""
    rows = [payment.features for payment in payments]
    numbers = {
        name: np.array([row[name] for row in rows], dtype=np.float32)
        for name in (*form.continuous, *form.flag)
    }
    levels = {
        name: np.array([level_text(row[name]) for row in rows], dtype=np.object_)
        for name in form.categorical
    }
    return {**numbers, **levels}


def _ask(player: Player, live: Live, columns: Columns, whose: Sequence[int | None]) -> Answers:
    try:
        scores = live.versions[player.version].model.score(columns)
    except ScoringAway:  # nobody's fault: the payments wait
        raise
    except Unasked:  # said when that began
        return silent(len(whose))
    except Exception:  # noqa: BLE001  # foreign code: whatever it raises, the others go on
        _LOG.exception("version %d gave no answer to %d rows", player.version, len(whose))
        return silent(len(whose))
    if len(scores) != len(whose):
        _LOG.error("version %d: %d answers for %d rows", player.version, len(scores), len(whose))
        return silent(len(whose))
    return answers_of(scores, threshold=player.threshold)
