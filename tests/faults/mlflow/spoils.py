"""How MLflow, or what stands before it, answers when it is not well."""

from collections.abc import Iterable

import pytest

from tests.faults.mlflow.gateway import Exchange, Spoil

_PAGE = b"<!doctype html><title>Sign in</title><form method=post></form>"
_HTML = {"Content-Type": "text/html"}
LOGIN = "/login-of-the-company"


def says(status: int, body: bytes = b"", **headers: str) -> Spoil:
    """Answer at once; nobody behind is asked."""
    return lambda exchange: exchange.say(status, body, headers)


def page(status: int) -> Spoil:
    """Answer with a page for people, as gateways do."""
    return lambda exchange: exchange.say(status, _PAGE, _HTML)


def to_login(exchange: Exchange) -> None:
    """Send the client to a page where people log in; its own request gets it with 200."""
    if exchange.path == LOGIN:
        exchange.say(200, _PAGE, _HTML)
    else:
        exchange.say(302, b"", {"Location": LOGIN})


def unheard(exchange: Exchange) -> None:
    """Hang up before anybody behind hears of it."""
    exchange.hang_up()


def answer_lost(exchange: Exchange) -> None:
    """Let it be done, and lose the answer: the connection ends."""
    exchange.pass_on()
    exchange.hang_up()


def timed_out(exchange: Exchange) -> None:
    """Let it be done, and say 504: the gateway did not wait that long."""
    exchange.pass_on()
    exchange.say(504, _PAGE, _HTML)


def answer_cut(exchange: Exchange) -> None:
    """Send half of the answer's body."""
    answer, body = exchange.pass_on()
    exchange.say(answer.status, body, dict(answer.headers.items()), sent=len(body) // 2)


#: By the words of a cell.
ANSWERS: dict[str, Spoil] = {
    "hangs up": unheard,
    "says 500": says(500, b'{"error_code": "INTERNAL_ERROR", "message": "disk"}'),
    "says 503": says(503),
    "says 401": page(401),
    "says 404 with a gateway's page": page(404),
    "says 200 with a page for people": page(200),
    "says 200 with noise": says(200, b"\x00\xff\xfe noise"),
    "redirects to a page to log in": to_login,
    "does it, and the answer is lost": answer_lost,
    "does it, and the gateway says 504": timed_out,
}

#: Of these each step is tried with each; of the others, one step with each.
_TELLING = ("hangs up", "says 503", "says 200 with a page for people")
_LOST = "does it, and the answer is lost"


def cases(steps: Iterable[str], *, quick: Iterable[tuple[str, str]]) -> list[object]:
    """Return (step, answer) pairs; those that are not `quick` belong to ``make test-faults``."""
    every = list(steps)
    pairs = {(step, answer) for step in every for answer in (*_TELLING, _LOST)}
    pairs |= {(every[-1], answer) for answer in ANSWERS} | {*quick}
    return [
        pytest.param(*pair, marks=() if pair in {*quick} else pytest.mark.whole)
        for pair in sorted(pairs)
    ]
