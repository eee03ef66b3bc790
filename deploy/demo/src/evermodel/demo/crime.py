"""Frauds of several kinds, done to honest payments or added to them.

Owns what is a fraud and why it can be learned. Scenario numbers: 1 large sums on a stolen card,
2 a compromised terminal, 3 a burst of small test payments, 4 night raids on a stolen card.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from evermodel.demo.people import DAY_SECONDS, Ints, Payments, People
from evermodel.demo.world import World

LARGE_SUMS, TERMINAL, BURST, NIGHT_RAID = 1, 2, 3, 4

_TERMINALS_A_DAY, _TERMINAL_DAYS = 1.0, 13
_CARDS_A_DAY, _CARD_DAYS, _CARD_SHARE = 2.4, 4, 0.45
_BURSTS_A_DAY = 2.2
_RAIDS_A_DAY = 16.0


def commit(
    payments: Payments, people: People, *, world: World, raids_from: int, rng: np.random.Generator
) -> Payments:
    """Return `payments` with the frauds of the whole time; `raids_from` counts warm-up days."""
    days = world.warm_up_days + world.days
    payments = _take_terminals(payments, world=world, days=days, rng=rng)
    payments = _steal_cards(payments, people, days=days, until=raids_from, rng=rng)
    payments = payments.joined(_bursts(people, days=days, rng=rng))
    raids = _raids(people, first=raids_from, days=days, rng=rng)
    return payments.joined(raids).ordered()


def _spells(
    count: int, *, a_day: float, length: int, days: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return (subject, first day) of spells that begin at `a_day` a day, also before day 0.

    They begin evenly: a cluster of them would move the terminals' risk on a quiet day.
    """
    whole = np.floor(a_day * np.arange(days + length + 1)).astype(np.int64)
    starts = np.repeat(np.arange(-length, days), np.diff(whole))
    subjects = rng.integers(0, count, len(starts))
    return [(int(s), int(d)) for s, d in zip(subjects, starts, strict=True)]


def _hit(
    subject: Ints, day: Ints, spells: list[tuple[int, int]], length: int
) -> npt.NDArray[np.bool_]:
    """Return which payments fall into a spell of their subject."""
    days = int(day.max()) + length + 1 if len(day) else length
    taken = np.zeros((int(subject.max()) + 1, days), dtype=bool)
    for who, first in spells:
        if who < len(taken):
            taken[who, max(first, 0) : max(first + length, 0)] = True
    return taken[subject, day]


def _take_terminals(
    payments: Payments, *, world: World, days: int, rng: np.random.Generator
) -> Payments:
    spells = _spells(
        world.terminals, a_day=_TERMINALS_A_DAY, length=_TERMINAL_DAYS, days=days, rng=rng
    )
    day = payments.second // DAY_SECONDS
    hit = _hit(payments.terminal, day, spells, _TERMINAL_DAYS) & (rng.random(len(day)) < 0.92)
    return replace(payments, scenario=np.where(hit, TERMINAL, payments.scenario))


def _steal_cards(
    payments: Payments, people: People, *, days: int, until: int, rng: np.random.Generator
) -> Payments:
    count = len(people.mean_amount)
    spells = _spells(count, a_day=_CARDS_A_DAY, length=_CARD_DAYS, days=days, rng=rng)
    day = payments.second // DAY_SECONDS
    hit = _hit(payments.customer, day, spells, _CARD_DAYS) & (rng.random(len(day)) < _CARD_SHARE)
    hit &= (payments.scenario == 0) & (day < until)
    factor = rng.uniform(3.5, 6, len(day))
    return replace(
        payments,
        amount=np.where(hit, payments.amount * factor, payments.amount),
        scenario=np.where(hit, LARGE_SUMS, payments.scenario),
    )


def _bursts(people: People, *, days: int, rng: np.random.Generator) -> Payments:
    """Return test payments: five to eight small ones on one card within two hours."""
    day = np.repeat(np.arange(days), rng.poisson(_BURSTS_A_DAY, days))
    size = rng.integers(5, 9, len(day))
    victim = np.repeat(rng.integers(0, len(people.mean_amount), len(day)), size)
    begin = np.repeat(day * DAY_SECONDS + rng.integers(0, 22 * 3600, len(day)), size)
    n = len(victim)
    return Payments(
        second=begin + rng.integers(0, 7200, n),
        customer=victim,
        terminal=people.favourites[victim, rng.integers(0, people.favourites.shape[1], n)],
        amount=rng.uniform(0.5, 4, n),
        scenario=np.full(n, BURST, dtype=np.int64),
    )


def _raids(people: People, *, first: int, days: int, rng: np.random.Generator) -> Payments:
    """Return single payments at night of about twice what the customer spends by day."""
    day = np.repeat(np.arange(first, days), rng.poisson(_RAIDS_A_DAY, max(days - first, 0)))
    n = len(day)
    victim = rng.integers(0, len(people.mean_amount), n)
    return Payments(
        second=day * DAY_SECONDS + rng.integers(0, 5 * 3600, n),
        customer=victim,
        terminal=people.favourites[victim, rng.integers(0, people.favourites.shape[1], n)],
        amount=people.mean_amount[victim] * rng.uniform(1.6, 2.4, n),
        scenario=np.full(n, NIGHT_RAID, dtype=np.int64),
    )
