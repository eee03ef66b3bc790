"""From a closed window to verdicts: the rule's steps in their order.

Must never say in words what it found: that is `verdicts.py`.
"""

from dataclasses import replace
from datetime import datetime

from evermodel.common.events.drift import (
    FeatureEvidence,
    PerformanceEvidence,
    PredictionEvidence,
)
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import QualityFailure, ReferenceCounts, TransactionsWindowed
from evermodel.common.messaging.api import Emit
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.episodes import Episode, Policy, Ruling, Signal, decide
from evermodel.drift.domain.merging import merged
from evermodel.drift.domain.performance import evidence_of, has_fallen
from evermodel.drift.domain.prediction import alerts_of, observe
from evermodel.drift.domain.standing import ModelState, Small, named
from evermodel.drift.handlers.payloads import counters_of
from evermodel.drift.handlers.verdicts import Evidence, verdict
from evermodel.profile.assessment import assess
from evermodel.profile.reference import Reference

#: Windows that are joined at most, waiting for enough rows of the champion's reference; and when
#: there is not one such row, as from an upstream that names no reference.
MOST_JOINED = 365
MOST_WITHOUT = 30


def policy_of(model: ModelDescription) -> Policy:
    """Return step 8's parameters: no retrain may ask for labels that cannot exist yet."""
    return Policy(
        persistence=model.drift.persistence,
        cool_down=max(model.drift.cool_down, model.stream.label_delay),
        cohorts=-(-model.training.regime // model.windows.length),
    )


def judge(
    state: ModelState,
    model: ModelDescription,
    window: TransactionsWindowed,
    reference: Reference | None,
) -> tuple[ModelState, list[Emit]]:
    """Return the state after `window` and the verdicts it leads to."""
    state, verdicts = _quality(state, model, window)
    if window.quality == "fail" or reference is None or state.champion is None:
        return state, verdicts
    joined = _joined(state.small, window)
    counted = next(
        (r for r in joined.counters.references if r.reference_id == reference.reference_id), None
    )
    if counted is None or counted.rows < model.windows.min_rows:
        rows = 0 if counted is None else counted.rows
        state, more = _waiting(state, model, window, joined, rows)
    else:
        state, more = _assessed(state, model, joined, counted, reference)
    return state, [*verdicts, *more]


def judge_outcomes(
    state: ModelState, model: ModelDescription, *, span: Span, rows: int, now: datetime
) -> tuple[ModelState, list[Emit]]:
    """Return the state and verdicts after a cohort matured; its counts are in the standings."""
    evidence = Evidence(span=span, rows=rows, performance=_performance(state, model))
    return ruled(state, model, evidence, now=now, window=False)


def ruled(
    state: ModelState,
    model: ModelDescription,
    evidence: Evidence,
    *,
    now: datetime,
    window: bool = True,
) -> tuple[ModelState, list[Emit]]:
    """Return the state and the verdict, if the policy gives one on this evidence."""
    persistence = model.drift.persistence
    prediction = evidence.prediction
    signal = Signal(
        start=evidence.span.start,
        now=now,
        flagged=bool(evidence.flagged),
        persistent=any(f.consecutive >= persistence for f in evidence.features),
        prediction=prediction is not None
        and max(prediction.cusum_up, prediction.cusum_down) > prediction.bound,
        performance=has_fallen(evidence.performance, margin=model.drift.performance_margin),
        window=window,
    )
    history, ruling = decide(state.history, signal, policy_of(model))
    state = replace(state, history=history)
    return state, [] if ruling is None else [verdict(state, model, ruling, evidence, now=now)]


def _quality(
    state: ModelState, model: ModelDescription, window: TransactionsWindowed
) -> tuple[ModelState, list[Emit]]:
    """One verdict when windows begin to fail, one when they are sound again."""
    now, evidence = window.window.end, _window_evidence(window)
    if window.quality == "fail" and state.quality is None:
        start = window.window.start
        episode = Episode(name=f"quality/{start.isoformat()}", cause="quality", onset=start)
        ruling = Ruling("watch", "quality", episode, "the window fails its checks")
        state = replace(state, quality=episode)
        return state, [verdict(state, model, ruling, evidence, now=now)]
    if window.quality == "pass" and state.quality is not None and not state.starved:
        ruling = Ruling("cleared", "quality", state.quality, "the window passes its checks")
        state = replace(state, quality=None)
        return state, [verdict(state, model, ruling, evidence, now=now)]
    return state, []


def _waiting(
    state: ModelState,
    model: ModelDescription,
    window: TransactionsWindowed,
    joined: Small,
    rows: int,
) -> tuple[ModelState, list[Emit]]:
    """Return the state with `joined`, or say that it waits in vain and let it go.

    Else an upstream that names no reference, or another's, would have it grow for ever.
    """
    if not joined.counters.rows:
        return replace(state, small=None), []
    if joined.windows < (MOST_JOINED if rows else MOST_WITHOUT):
        return replace(state, small=joined), []
    detail = (
        f"{rows} rows under the champion's reference in {joined.windows} windows, "
        f"fewer than {model.windows.min_rows}"
    )
    failure = QualityFailure(
        check="schema", column=None, value=rows, bound=model.windows.min_rows, detail=detail
    )
    failing = window.model_copy(update={"quality": "fail", "failures": (failure,)})
    return _quality(replace(state, small=None, starved=True), model, failing)


def _assessed(
    state: ModelState,
    model: ModelDescription,
    joined: Small,
    counted: ReferenceCounts,
    reference: Reference,
) -> tuple[ModelState, list[Emit]]:
    """Judge enough rows by every channel."""
    features = _features(state, model, joined, counted, reference)
    state, prediction = _prediction(state, model, joined, reference)
    evidence = Evidence(
        span=Span(start=joined.start, end=joined.end),
        rows=counted.rows,
        features=features,
        prediction=prediction,
        performance=_performance(state, model),
        lake=joined.lake,
    )
    consecutive = {f.feature: f.consecutive for f in features}
    state = replace(state, small=None, consecutive=consecutive, judged=evidence.span, starved=False)
    return ruled(state, model, evidence, now=joined.end)


def _features(
    state: ModelState,
    model: ModelDescription,
    joined: Small,
    counted: ReferenceCounts,
    reference: Reference,
) -> tuple[FeatureEvidence, ...]:
    """Return how far each feature moved, and in how many windows in a row."""
    found = assess(
        counters_of(counted, reference),
        reference,
        window_class=reference.schema.window_class(joined.start, joined.end),
        min_effect=model.drift.min_effect,
        false_discovery_rate=model.drift.false_discovery_rate,
    )
    return tuple(
        FeatureEvidence(
            feature=a.feature,
            kind=a.kind,
            effect=a.effect,
            gate=a.gate,
            p_value=min(1.0, max(0.0, a.p_value)),
            significant=a.significant,
            flagged=a.flagged,
            consecutive=state.consecutive.get(a.feature, 0) + 1 if a.flagged else 0,
        )
        for a in found
    )


def _window_evidence(window: TransactionsWindowed) -> Evidence:
    return Evidence(
        span=window.window,
        rows=window.counters.rows,
        failures=window.failures,
        lake=window.lake,
    )


def _joined(small: Small | None, window: TransactionsWindowed) -> Small:
    span = window.window
    if small is None:
        return Small(
            start=span.start, end=span.end, counters=window.counters, lake=named(*window.lake)
        )
    return Small(
        start=small.start,
        end=span.end,
        counters=merged(small.counters, window.counters),
        lake=named(*small.lake, *window.lake),
        windows=small.windows + 1,
    )


def _prediction(
    state: ModelState, model: ModelDescription, joined: Small, reference: Reference
) -> tuple[ModelState, PredictionEvidence | None]:
    past = reference.history.alerts
    if past is None or state.champion is None:
        return state, None
    alerts, rows = alerts_of(joined.counters, state.champion)
    if not rows:
        return state, None
    cusum, evidence = observe(
        state.cusum,
        alerts,
        rows,
        past,
        slack=model.drift.alert_rate_slack,
        bound=model.drift.alert_rate_bound,
    )
    return replace(state, cusum=cusum), evidence


def _performance(state: ModelState, model: ModelDescription) -> tuple[PerformanceEvidence, ...]:
    standing = state.standings.get(state.champion or 0)
    if standing is None:
        return ()
    return evidence_of(standing, alpha=model.drift.performance_alpha)
