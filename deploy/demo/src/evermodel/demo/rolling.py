"""Customer and terminal aggregates as known at each payment.

Owns the windows. Customer windows end with the payment itself. Terminal windows end one label
delay before it, because a terminal's risk is made of labels that nobody knows earlier.
"""

import numpy as np

from evermodel.demo.people import DAY_SECONDS, Floats, Ints, Payments

WINDOW_DAYS = (1, 7, 30)
#: Wider than any span of seconds, so that (entity, second) sorts as one integer.
_STRIDE = 1 << 32


def customer_windows(payments: Payments) -> dict[str, Floats]:
    """Return number and mean amount of the customer's payments in each window."""
    order, key = _sorted_keys(payments.customer, payments.second)
    total = np.concatenate([[0.0], np.cumsum(payments.amount[order])])
    found: dict[str, Floats] = {}
    last = np.searchsorted(key, key, side="right")
    for days in WINDOW_DAYS:
        first = _first(key, days=days, shift=0)
        count = last - first
        mean = (total[last] - total[first]) / count
        found[f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW"] = _unsorted(order, count)
        found[f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW"] = _unsorted(order, mean)
    return found


def terminal_windows(payments: Payments, *, delay_days: int) -> dict[str, Floats]:
    """Return number and share of frauds of the terminal's payments, one label delay ago."""
    order, key = _sorted_keys(payments.terminal, payments.second)
    frauds = np.concatenate([[0], np.cumsum(payments.scenario[order] > 0)])
    shift = delay_days * DAY_SECONDS
    found: dict[str, Floats] = {}
    last = np.searchsorted(key, key - shift, side="right")
    last = np.maximum(last, _first_of_entity(key))
    for days in WINDOW_DAYS:
        first = _first(key, days=days, shift=shift)
        count = last - first
        risk = (frauds[last] - frauds[first]) / np.maximum(count, 1)
        found[f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW"] = _unsorted(order, count)
        found[f"TERMINAL_ID_RISK_{days}DAY_WINDOW"] = _unsorted(order, risk)
    return found


def _sorted_keys(entity: Ints, second: Ints) -> tuple[Ints, Ints]:
    key = entity * _STRIDE + second
    order = np.argsort(key, kind="stable")
    return order, key[order]


def _first(key: Ints, *, days: int, shift: int) -> Ints:
    """Return the index of the first payment of each one's window, within its entity."""
    first = np.searchsorted(key, key - shift - days * DAY_SECONDS, side="right")
    return np.maximum(first, _first_of_entity(key))


def _first_of_entity(key: Ints) -> Ints:
    return np.searchsorted(key, key // _STRIDE * _STRIDE, side="left")


def _unsorted(order: Ints, values: "Floats | Ints") -> Floats:
    back = np.empty(len(values), dtype=np.float64)
    back[order] = values
    return back
