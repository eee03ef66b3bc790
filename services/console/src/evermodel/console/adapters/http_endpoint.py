"""The JSON endpoint: ``/api/models``, ``/api/lifecycles``, ``/api/events``, ``/api/topics``.

Read-only. Must never bind to anything but what it is told: loopback by default. There a page of
another site must not read it either: it would come under that site's name, and is refused.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from evermodel.common.kernel.bearer import refusal
from evermodel.common.kernel.whole_number import whole_number
from evermodel.console.ports import Answer, Answering

_MOST = 1000
_DIGITS = 9
_ANSWERS = ("/api/models", "/api/lifecycles", "/api/events", "/api/topics", "/healthz")


@asynccontextmanager
async def endpoint(
    answers: Answering,
    *,
    host: str,
    port: int,
    healthy: Callable[[], bool],
    token: str | None = None,
) -> AsyncIterator[int]:
    """Serve `answers` while the block runs; yield the port, chosen freely for 0.

    `token`: what whoever asks must show, but for ``/healthz``; None: nothing.

    Raises:
        OSError: the port is taken.
    """
    runner = web.AppRunner(_application(answers, healthy, token=token), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            why = f"EVERMODEL_CONSOLE_PORT={port} cannot be listened on at {host}"
            raise OSError(f"{why}: {error}; name another") from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _application(
    answers: Answering, healthy: Callable[[], bool], *, token: str | None
) -> web.Application:
    async def index(_request: web.Request) -> web.Response:
        return _json({"answers": list(_ANSWERS)})

    async def models(_request: web.Request) -> web.Response:
        return _json(answers.models())

    async def lifecycles(request: web.Request) -> web.Response:
        limit = _limit(request, default=20)
        return _json(answers.lifecycles(model=request.query.get("model"), limit=limit))

    async def events(request: web.Request) -> web.Response:
        model, topic = request.query.get("model"), request.query.get("topic")
        return _json(answers.events(model=model, topic=topic, limit=_limit(request, default=100)))

    async def topics(_request: web.Request) -> web.Response:
        return _json(answers.topics())

    async def healthz(_request: web.Request) -> web.Response:
        well = healthy()
        return web.json_response({"ok": well}, status=200 if well else 503)

    application = web.Application(middlewares=[_guard(token)])
    application.add_routes(
        [
            web.get("/", index),
            web.get("/api/models", models),
            web.get("/api/lifecycles", lifecycles),
            web.get("/api/events", events),
            web.get("/api/topics", topics),
            web.get("/healthz", healthz),
        ]
    )
    return application


def _guard(token: str | None) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/healthz":
            shown, host = request.headers.get("Authorization"), request.headers.get("Host")
            if refused := refusal(shown, host=host, token=token):
                return web.Response(
                    status=refused.status, text=refused.text, headers=refused.headers
                )
        return await handler(request)

    return guard


def _limit(request: web.Request, *, default: int) -> int:
    """Return the query's ``limit``; what is not a number is the asker's mistake."""
    text = request.query.get("limit", str(default))
    limit = whole_number(text, digits=_DIGITS)
    if limit is None:
        raise web.HTTPBadRequest(text=f"limit {text[:40]!r} is not a number\n")
    return min(limit, _MOST)


def _json(answer: Answer) -> web.Response:
    return web.json_response(answer, dumps=lambda value: json.dumps(value, ensure_ascii=False))
