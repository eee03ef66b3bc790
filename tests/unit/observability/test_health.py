"""A process tells whether it lives, whether it is ready, and what it has counted."""

import socket
import urllib.error
import urllib.request

import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.observability import health
from evermodel.common.observability.health import health_server
from evermodel.common.observability.metrics import METRICS, Metrics


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_ready_is_more_than_healthy() -> None:
    with health_server(
        host="127.0.0.1", port=0, metrics=Metrics(), healthy=lambda: True, ready=lambda: False
    ) as port:
        assert get(port, "/healthz") == (200, "ok\n")
        assert get(port, "/readyz") == (503, "no\n")
        assert get(port, "/nowhere")[0] == 404


def test_who_connects_and_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SILENT_SECONDS", 0.2)
    with (
        health_server(host="127.0.0.1", port=0, metrics=Metrics(), healthy=bool, ready=bool) as at,
        socket.create_connection(("127.0.0.1", at), timeout=20) as silent,
        socket.create_connection(("127.0.0.1", at), timeout=20) as half,
    ):
        half.sendall(b"GET /healthz HTTP/1.0\r\nX: ")
        assert silent.recv(1) == b""
        assert half.recv(1) == b""


def test_a_port_that_is_taken_is_said_with_the_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        taken = health_server(
            host="127.0.0.1", port=port, metrics=Metrics(), healthy=bool, ready=bool
        )
        with pytest.raises(Misconfigured, match=f"EVERMODEL_HEALTH_PORT={port} cannot"), taken:
            raise AssertionError


def test_what_was_counted_is_shown() -> None:
    metrics = Metrics()
    metrics.count("events", 3, topic="labels", outcome="handled")
    metrics.observe("handle_seconds", 0.02, topic="labels")
    metrics.set("consumer_lag", 7, topic="labels", partition="0")
    with health_server(
        host="127.0.0.1", port=0, metrics=metrics, healthy=lambda: True, ready=lambda: True
    ) as port:
        text = get(port, "/metrics")[1]
    assert 'evermodel_events_total{outcome="handled",topic="labels"} 3.0' in text
    assert 'evermodel_consumer_lag{partition="0",topic="labels"} 7.0' in text
    assert "evermodel_handle_seconds_bucket" in text


def test_a_metric_is_used_as_what_it_is() -> None:
    with pytest.raises(TypeError, match="not a counter"):
        Metrics().count("consumer_lag", topic="x", partition="0")


def test_names_are_once() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
