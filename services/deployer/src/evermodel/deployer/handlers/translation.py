"""Between events and the domain's values. Must never decide or do I/O."""

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.outcomes import OutcomesMatured, PairedOutcomes
from evermodel.common.events.payload import LONGEST_TOLD, Value
from evermodel.common.events.rollout import Check, RolloutStep, VersionInPlay
from evermodel.common.events.training import Artefact
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import (
    ENTITY_GROUPS,
    SCORE_BINS,
    PairedCounts,
    ServedCounts,
    TransactionsWindowed,
)
from evermodel.common.kernel.errors import Permanent
from evermodel.common.kernel.ids import ModelName, ReferenceId
from evermodel.common.models.description import ModelDescription
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
from evermodel.deployer.domain.happenings import Ordered, Step
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.release import Release, Share
from evermodel.deployer.domain.verdicts import Finding

#: Beyond it a count is no count: whole numbers are not told apart any more as they are judged.
MOST_COUNTED = 2**53


def policy_of(model: ModelDescription) -> Policy:
    """Return the rollout policy that ``model.toml`` states."""
    rollout = model.rollout
    return Policy(
        steps=rollout.steps,
        window=model.windows.length + model.windows.lateness,
        min_duration=rollout.min_duration,
        min_rows=rollout.min_rows,
        patience=rollout.patience,
        label_horizon=rollout.label_horizon,
        alert_budget=model.decision.alert_budget,
        alert_rate_ratio=rollout.alert_rate_ratio,
        fraud_worth=rollout.fraud_worth,
        margin=model.gates.margin,
        score_distance=rollout.score_distance,
        alpha=rollout.alpha,
        max_failed=rollout.max_failed,
    )


def release_of(event: ModelValidated, lifecycle_id: str) -> Release:
    """Return the accepted version.

    Raises:
        Permanent: it lacks what it takes to be served, or names an alias instead of a number.
    """
    if event.version is None or event.model_uri is None or event.artefact is None:
        raise Permanent("accepted without version, model_uri or artefact: it cannot be served")
    if not event.model_uri.endswith(f"/{event.version}"):
        # With an alias Git would not change when the model does, and no rollout would start.
        raise Permanent(f"{event.model_uri} does not name version {event.version} by its number")
    artefact = event.artefact
    return Release(
        version=event.version,
        model_uri=event.model_uri,
        artefact_uri=artefact.uri,
        digest=artefact.digest,
        threshold=artefact.threshold,
        reference_id=artefact.reference_id,
        lifecycle_id=lifecycle_id,
    )


def window_of(event: TransactionsWindowed) -> Window:
    """Return the serving counters of a window.

    Raises:
        Permanent: a histogram is not of this judge's bins, a pair not of its groups, or a number
            is none that anybody has counted.
    """
    served, paired = event.counters.served, event.counters.paired
    for counts in (*served, *paired):
        _refuse_uncountable(counts)
    if any(len(counts.histogram) != SCORE_BINS for counts in served):
        raise Permanent(f"a score histogram has another number of bins than {SCORE_BINS}")
    if any(_groups(p) != {ENTITY_GROUPS} for p in paired):
        raise Permanent(f"a pair of versions has another number of groups than {ENTITY_GROUPS}")
    return Window(
        end=event.window.end,
        sound=event.quality != "fail",
        cells=tuple(_cell(counts) for counts in served if counts.decided_by is not None),
        pairs=tuple(_pair_cell(counts) for counts in paired if counts.decided_by is not None),
    )


def _cell(counts: ServedCounts) -> Cell:
    tally = Tally(
        rows=counts.rows, failed=counts.failed, alerts=counts.alerts, histogram=counts.histogram
    )
    return Cell(decided_by=counts.decided_by or 0, version=counts.version, tally=tally)


def _refuse_uncountable(counts: Value) -> None:
    for name, value in counts:
        numbers = value if isinstance(value, tuple) else (value,)
        if any(abs(number or 0) > MOST_COUNTED for number in numbers):
            raise Permanent(f"{name} is beyond {MOST_COUNTED:,}: nobody has counted that")


def _groups(counts: PairedCounts) -> set[int]:
    spreads = counts.group_spreads or counts.group_gaps
    return {len(counts.group_rows), len(counts.group_gaps), len(spreads)}


def _pair_cell(counts: PairedCounts) -> PairCell:
    agreement = Agreement(
        rows=counts.rows,
        champion_alone=counts.older_alone,
        challenger_alone=counts.newer_alone,
        group_rows=counts.group_rows,
        group_gaps=counts.group_gaps,
        group_spreads=counts.group_spreads or (0,) * ENTITY_GROUPS,
    )
    return PairCell(
        decided_by=counts.decided_by or 0,
        older=counts.older,
        newer=counts.newer,
        agreement=agreement,
    )


def cohort_of(event: OutcomesMatured) -> Cohort:
    """Return the paired outcomes of a cohort.

    Raises:
        Permanent: a number is none that anybody has counted.
    """
    for paired in event.paired:
        _refuse_uncountable(paired)
    pairings = () if event.quality_failed else tuple(map(_pairing, event.paired))
    return Cohort(time=event.known_until, pairings=pairings, end=event.cohort.end)


def _pairing(paired: PairedOutcomes) -> Pairing:
    frauds = (
        paired.frauds_both
        + paired.frauds_champion_only
        + paired.frauds_challenger_only
        + paired.frauds_neither
    )
    return Pairing(
        left=paired.champion,
        right=paired.challenger,
        outcomes=Outcomes(
            frauds=frauds,
            frauds_champion_only=paired.frauds_champion_only,
            frauds_challenger_only=paired.frauds_challenger_only,
            genuine_champion_only=paired.genuine_champion_only,
            genuine_challenger_only=paired.genuine_challenger_only,
        ),
    )


def order_of(event: LifecycleCommand) -> Ordered | None:
    """Return a person's order; None when it is for another service."""
    if event.command == "retrain":
        return None
    who, why = event.who[:LONGEST_TOLD], event.why[:LONGEST_TOLD]
    return Ordered(command=event.command, who=who, why=why, version=event.version)


def step_event(
    model: ModelName, step: Step, *, commit: str | None, desired: int | None
) -> RolloutStep:
    """Return the ``rollout.step`` that says `step`."""
    return RolloutStep(
        model=model,
        action=step.action,
        version=step.release.version,
        from_version=step.from_version,
        step=step.step,
        in_play=tuple(_in_play(share) for share in step.in_play),
        stable_version=step.stable_version,
        desired_version=desired or step.stable_version,
        commit=commit,
        reason=step.reason,
        evidence=tuple(_check(finding) for finding in step.findings),
        quarantined=step.quarantined,
    )


def _in_play(share: Share) -> VersionInPlay:
    release = share.release
    return VersionInPlay(
        version=release.version,
        role=share.role,
        weight=share.weight,
        model_uri=release.model_uri,
        artefact=Artefact(
            uri=release.artefact_uri,
            digest=release.digest,
            threshold=release.threshold,
            reference_id=ReferenceId(release.reference_id),
        ),
    )


def _check(finding: Finding) -> Check:
    return Check(
        check=finding.check,
        verdict=finding.verdict,
        value=finding.value,
        bound=finding.bound,
        n=finding.n,
        detail=finding.detail,
    )
