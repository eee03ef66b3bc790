"""Customers, terminals and their habits, and the honest payments that follow from them.

Owns who pays what, where and when. Must never make a fraud: that is `crime`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evermodel.demo.world import World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY_SECONDS = 86_400
_FAVOURITES = 30
_PAYMENTS_A_DAY = 2.9
_MORNING, _NIGHT_SIZE = 7, 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """Parallel columns, one entry a payment. `second` counts from the first warm-up day."""

    second: Ints
    customer: Ints
    terminal: Ints
    amount: Floats
    scenario: Ints

    def joined(self, other: "Payments") -> "Payments":
        """Return both, unsorted."""
        return Payments(
            second=np.concatenate([self.second, other.second]),
            customer=np.concatenate([self.customer, other.customer]),
            terminal=np.concatenate([self.terminal, other.terminal]),
            amount=np.concatenate([self.amount, other.amount]),
            scenario=np.concatenate([self.scenario, other.scenario]),
        )

    def ordered(self) -> "Payments":
        """Return them by time; ties by customer, then as they came."""
        order = np.lexsort((self.customer, self.second))
        return Payments(
            second=self.second[order],
            customer=self.customer[order],
            terminal=self.terminal[order],
            amount=self.amount[order],
            scenario=self.scenario[order],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What each customer is like; `favourites` are the terminals nearby."""

    mean_amount: Floats
    payments_a_day: Floats
    hour: Floats
    favourites: Ints


def settle(world: World, rng: np.random.Generator) -> People:
    """Return the inhabitants of `world`: places first, then habits."""
    homes = rng.uniform(0, 100, (world.customers, 2))
    shops = rng.uniform(0, 100, (world.terminals, 2))
    distance = np.hypot(*(homes[:, None, :] - shops[None, :, :]).transpose(2, 0, 1))
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :_FAVOURITES]
    return People(
        mean_amount=rng.uniform(6, 95, world.customers),
        payments_a_day=rng.gamma(9, _PAYMENTS_A_DAY / 9, world.customers),
        hour=rng.normal(13, 2, world.customers),
        favourites=nearest.astype(np.int64),
    )


def live(people: People, *, days: int, rng: np.random.Generator) -> Payments:
    """Return the honest payments of `days` days."""
    counts = rng.poisson(people.payments_a_day, (days, len(people.payments_a_day)))
    day, customer = np.divmod(
        np.repeat(np.arange(counts.size), counts.ravel()), len(people.payments_a_day)
    )
    n = len(day)
    hours = rng.normal(people.hour[customer], 4.5, n) % 24
    size = rng.gamma(5, 1 / 5, n) * np.where(hours < _MORNING, _NIGHT_SIZE, 1.0)
    return Payments(
        second=day * DAY_SECONDS + (hours * 3600).astype(np.int64),
        customer=customer,
        terminal=people.favourites[customer, rng.integers(0, _FAVOURITES, n)],
        amount=people.mean_amount[customer] * size,
        scenario=np.zeros(n, dtype=np.int64),
    )
