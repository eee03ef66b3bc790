"""What is done to a run: at which named point, the how-manieth time it is reached, and what.

Owns the points and when they strike. Must never know a service.

    <service>@<moment>                       of the loop, as in ``messaging.faultpoints``
    <service>.<port>.<method>:before|after   of everything that a service asks of the outside
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast, get_args

from evermodel.common.testing.harness import Crashed

#: ``crash``: the process is gone. ``hang``: it stops where it is, is given up, and comes back.
#: ``bug``: an error that nobody foresaw. ``cut``: what is outside does not answer for a while;
#: after the effect that means that only its answer is lost.
Kind = Literal["crash", "hang", "bug", "cut"]
KINDS: tuple[Kind, ...] = get_args(Kind)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """`nth`: strikes when `point` is reached the n-th time. `length`: calls cut, days hung."""

    point: str
    nth: int
    kind: Kind
    length: int = 1


class Mischief:
    """Strikes as planned, and counts what was reached and what struck."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._pending = list(faults)
        self._away: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()
        self.struck: list[Fault] = []
        self.is_over = False
        #: Called where a hang strikes; does not return before the hung one is let go on.
        self.hang: Callable[[Fault], None] = lambda _: None

    def hangs(self, service: str) -> bool:
        """Whether a hang of `service` is still to come."""
        return any(f.kind == "hang" and service_of(f.point) == service for f in self._pending)

    def end(self) -> None:
        """Strike no more."""
        self.is_over = True

    def reach(self, point: str, *, unanswered: Callable[[], BaseException] | None = None) -> None:
        """Strike if it is time. `unanswered`: how a cut shows here; None: it cannot."""
        if self.is_over:
            return
        self.reached[point] += 1
        system = point.rpartition(".")[0]
        if unanswered is not None and self._away[system] > 0:
            self._away[system] -= 1
            raise unanswered()
        for fault in [f for f in self._pending if (f.point, f.nth) == (point, self.reached[point])]:
            self._pending.remove(fault)
            self._strike(fault, system, unanswered)

    def _strike(
        self, fault: Fault, system: str, unanswered: Callable[[], BaseException] | None
    ) -> None:
        self.struck.append(fault)
        match fault.kind:
            case "crash":
                raise Crashed(fault.point)
            case "hang":
                self.hang(fault)
            case "bug":
                raise ArithmeticError(f"planted at {fault.point}")
            case "cut" if unanswered is not None:
                self._away[system] += fault.length - 1
                raise unanswered()


def service_of(point: str) -> str:
    """Return the service that reaches `point`."""
    return point.partition("@")[0].partition(".")[0]


def watched(
    port: T,
    name: str,
    mischief: Mischief,
    *,
    unanswered: Callable[[], BaseException],
    does: Collection[str],
    asks: Collection[str] = (),
) -> T:
    """Return `port` with points around the methods that do something, and before those that ask."""
    return cast(T, _Watched(port, name, mischief, unanswered, {*does}, {*asks}))


class _Watched:
    def __init__(
        self,
        port: Any,
        name: str,
        mischief: Mischief,
        unanswered: Callable[[], BaseException],
        does: set[str],
        asks: set[str],
    ) -> None:
        self._port, self._name, self._mischief = port, name, mischief
        self._unanswered, self._does, self._asks = unanswered, does, asks

    def __getattr__(self, method: str) -> Any:
        found, point = getattr(self._port, method), f"{self._name}.{method}"
        if method not in self._does | self._asks:
            return found

        def call(*given: Any, **named: Any) -> Any:
            self._mischief.reach(f"{point}:before", unanswered=self._unanswered)
            answer = found(*given, **named)
            if method in self._does:
                self._mischief.reach(f"{point}:after", unanswered=self._unanswered)
            return answer

        return call
