"""The JSON pages, over HTTP.

/api/models          every model: the newest event of each kind
/api/models/NAME     one of them
/api/lifecycles      ?model=  the newest turns of the loop with their events
/api/events          ?model= &type= &limit=  the newest events
/api/counts          dead letters and undecodable records
/healthz
"""

import dataclasses
import json
from collections.abc import Sequence

from aiohttp import web
from pydantic import BaseModel

from evermodel.common.events.codec import format_time
from evermodel.console.handlers.projections import Projections
from evermodel.console.handlers.views import EventView, LifecycleView, ModelView

_MOST = 1000


class Pages:
    """The HTTP server of one console."""

    def __init__(self, projections: Projections, *, host: str, port: int) -> None:
        self._projections, self._host, self._port = projections, host, port
        self._runner: web.AppRunner | None = None
        self.address = ""

    async def start(self) -> None:
        """Begin to answer."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/api/models", self._models),
                web.get("/api/models/{name}", self._model),
                web.get("/api/lifecycles", self._lifecycles),
                web.get("/api/events", self._events),
                web.get("/api/counts", self._counts),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        self.address = f"http://{self._host}:{port}"

    async def stop(self) -> None:
        """End it."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _healthz(self, _: web.Request) -> web.Response:
        return _json({"status": "ok", "events": len(self._projections.events)})

    async def _models(self, _: web.Request) -> web.Response:
        views = self._projections.models.values()
        return _json({view.model: _model(view) for view in views})

    async def _model(self, request: web.Request) -> web.Response:
        view = self._projections.model(request.match_info["name"])
        if view is None:
            return _json({"error": "no event of such a model was seen"}, status=404)
        return _json(_model(view))

    async def _lifecycles(self, request: web.Request) -> web.Response:
        wanted, limit = request.query.get("model"), _limit(request)
        views = reversed(self._projections.lifecycles.values())
        found = [_lifecycle(view) for view in views if wanted in {None, view.model}]
        return _json(found[:limit])

    async def _events(self, request: web.Request) -> web.Response:
        events = self._projections.recent(
            limit=_limit(request), model=request.query.get("model"), kind=request.query.get("type")
        )
        return _json([_event(event, data=True) for event in events])

    async def _counts(self, _: web.Request) -> web.Response:
        return _json(self._projections.counts())


def _limit(request: web.Request) -> int:
    try:
        return max(1, min(int(request.query.get("limit", "100")), _MOST))
    except ValueError as error:
        raise web.HTTPBadRequest(text="limit is a number") from error


def _model(view: ModelView) -> dict[str, object]:
    newest = {event.topic: _event(event, data=True) for event in view.newest.values()}
    return {"model": view.model, "events": view.events, "newest": newest}


def _lifecycle(view: LifecycleView) -> dict[str, object]:
    events: Sequence[EventView] = view.events
    return {
        "id": view.id,
        "model": view.model,
        "started": format_time(view.started),
        "last": format_time(view.last),
        "events": [_event(event, data=False) for event in events],
    }


def _event(event: EventView, *, data: bool) -> dict[str, object]:
    fields = {
        field.name: getattr(event, field.name)
        for field in dataclasses.fields(event)
        if field.name != "data"
    }
    fields["time"] = format_time(event.time)
    if data:
        fields["data"] = event.data
    return fields


def _json(content: object, *, status: int = 200) -> web.Response:
    text = json.dumps(content, default=_plain)
    return web.Response(text=text, status=status, content_type="application/json")


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} is not JSON")
