"""Log lines carry their fields, and no planted secret survives in one."""

import io
import json
import logging

import pytest

from evermodel.common.kernel.redaction import redact
from evermodel.common.observability.logs import configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


pytestmark = pytest.mark.usefixtures("root_restored")


@pytest.mark.guarantee(
    "security",
    fault="a log line would hold '{text}'",
    promise="the secret is stars",
    seen='"message": "…***…"',
)
@pytest.mark.parametrize(
    "text",
    [
        "cannot reach https://ada:s3cr3t@mlflow.example/api",
        "API request to http://ada:p:s3cr3t@127.0.0.1:9/api/2.0/mlflow failed",
        "fatal: unable to access 'https://s3cr3t@git.example/config.git/': 403",
        "EVERMODEL_CONFIG_REPOSITORY 'oauth2:s3cr3t@git.example:config.git': give a path",
        "ssh://git:s3cr3t@git.example/config.git",
        "sasl.password=s3cr3t refused",
        'config {"token": "s3cr3t"}',
        "AWS_SECRET_ACCESS_KEY=s3cr3t",
        "Authorization: Bearer s3cr3t-s3cr3t",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert "s3cr3t" not in redact(text)


def test_a_known_secret_is_masked_wherever_it_stands() -> None:
    assert redact("it was hunter2, said hunter2", secrets=("hunter2",)) == "it was ***, said ***"


def test_ordinary_text_is_left_alone() -> None:
    text = "models:/fraud/7 at http://127.0.0.1:5000/api: 3 rows, key=value, who: ada@example.org"
    assert redact(text) == text
    text = "git@git.example:config.git and registry.example/scorer:1.2@sha256:0123abcd"
    assert redact(text) == text


def test_a_line_is_json_with_the_fields_given() -> None:
    stream = io.StringIO()
    configure_logs(service="deployer", stream=stream)
    logging.getLogger("x").info("advanced to %d", 10, extra={"event_id": "e1", "model": "fraud"})
    line = json.loads(stream.getvalue())
    assert line["message"] == "advanced to 10"
    assert (line["service"], line["event_id"], line["model"]) == ("deployer", "e1", "fraud")


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_a_field_beside_the_message_is_masked_as_well(stream: io.StringIO) -> None:
    configure_logs(service="trainer", stream=stream, secrets=("hunter2",))
    extra = {"outcome": "http://u:s3cr3t@h", "topic": "hunter2", "seconds": 0.5, "offset": None}
    logging.getLogger("x").info("said", extra=extra)
    assert "hunter2" not in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()
    assert "0.5" in stream.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_an_exception_with_a_secret_is_masked(stream: io.StringIO) -> None:
    configure_logs(service="trainer", stream=stream, secrets=("hunter2",))
    try:
        raise RuntimeError("login hunter2 at ftp://u:s3cr3t@h failed")
    except RuntimeError:
        logging.getLogger("x").exception("bad")
    assert "hunter2" not in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()


def test_a_secret_with_characters_that_a_terminal_obeys_is_masked() -> None:
    terminal = Terminal()
    configure_logs(service="trainer", stream=terminal, secrets=("hunter\x1b2",))
    logging.getLogger("x").warning("it was hunter\x1b2")
    assert "hunter" not in terminal.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_a_secret_that_no_terminal_would_show_is_masked_in_a_traceback(stream: io.StringIO) -> None:
    secret = "hunter" + chr(7) + "2"
    configure_logs(service="trainer", stream=stream, secrets=(secret,))
    try:
        raise ValueError(f"refused: {secret}")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert "hunter\\" not in stream.getvalue()
    assert "ValueError: refused: ***" in stream.getvalue()
