"""Steps 1 to 4 of the drift rule: effect size, evidence, multiplicity, calibrated gate.

A feature is flagged when it moved significantly *and* by more than the gate. Either alone
fails: significance alone fires on every large window of rows that belong together, the gate
alone on every small one.
"""

import math
from dataclasses import dataclass

import numpy as np

from evermodel.profile.counters import Counters, DifferentReference
from evermodel.profile.effects import effect, effective_rows
from evermodel.profile.history import MIN_WINDOWS, spread_of_a_new_window
from evermodel.profile.layout import Counts, Edges, Part
from evermodel.profile.reference import Reference
from evermodel.profile.schema import FeatureKind
from evermodel.profile.significance import (
    benjamini_hochberg,
    chi_squared_p,
    homogeneity,
    kolmogorov_p,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """How far one feature moved, and what it took to say so."""

    feature: str
    kind: FeatureKind
    effect: float
    gate: float
    p_value: float
    significant: bool
    flagged: bool


def assess(
    window: Counters,
    reference: Reference,
    *,
    window_class: str,
    min_effect: float,
    false_discovery_rate: float,
) -> tuple[Assessment, ...]:
    """Return the assessment of every feature, in the order of the schema.

    Raises:
        DifferentReference: the window was counted against another reference.
    """
    if window.reference_id != reference.reference_id:
        raise DifferentReference(f"{window.reference_id} is not {reference.reference_id}")
    against = reference.counts(window_class)
    parts = reference.layout.parts
    pairs = [
        (
            reference.layout.distribution(window.counts, part.feature),
            reference.layout.distribution(against, part.feature),
        )
        for part in parts
    ]
    p_values = [
        p_value(part, w, r, design=reference.history.features[part.feature].design)
        for part, (w, r) in zip(parts, pairs, strict=True)
    ]
    rejected = benjamini_hochberg(p_values, rate=false_discovery_rate)
    found = []
    for part, (w, r), p, significant in zip(parts, pairs, p_values, rejected, strict=True):
        size = effect(part, w, r)
        bound = gate(reference, part, w, r, min_effect=min_effect, alpha=false_discovery_rate)
        found.append(
            Assessment(
                feature=part.feature,
                kind=part.kind,
                effect=size,
                gate=bound,
                p_value=p,
                significant=significant,
                flagged=significant and size >= bound,
            )
        )
    return tuple(found)


def p_value(part: Part, window: Counts, reference: Counts, *, design: float) -> float:
    """Return the p-value of a feature's distribution cells, with its design effect."""
    if isinstance(part, Edges):
        rows = effective_rows(window, reference, design=design)
        return kolmogorov_p(effect(part, window, reference), effective_rows=rows)
    statistic, degrees = homogeneity(window, reference)
    return chi_squared_p(statistic / design, degrees=degrees)


def gate(  # a formula's arguments
    reference: Reference,
    part: Part,
    window: Counts,
    against: Counts,
    *,
    min_effect: float,
    alpha: float,
) -> float:
    """Return the effect size from which a feature is flagged.

    With a history: max(min_effect, mean + c * spread). Without: min_effect plus the bound of
    Dvoretzky, Kiefer, Wolfowitz and Massart on what chance alone moves, over all features.
    The spread is that of a new window around the mean of n past ones, s * sqrt(1 + 1/n): c is a
    quantile of effects standardised by the same.
    """
    past = reference.history.features[part.feature]
    c = reference.history.quantile
    if c is not None and past.windows >= MIN_WINDOWS:
        spread = spread_of_a_new_window(np.array(past.spread), np.array(past.windows))
        return max(min_effect, past.mean + c * float(spread))
    n, total = float(window.sum()), float(against.sum())
    if not n or not total:
        return 1.0
    features = len(reference.layout.parts)
    chance = math.sqrt(math.log(4 * features / alpha) / 2)
    return min_effect + chance * (1 / math.sqrt(n) + 1 / math.sqrt(total))
