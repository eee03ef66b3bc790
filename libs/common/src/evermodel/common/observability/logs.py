"""One log line per handled event: JSON for machines, a short form on a terminal.

Owns the form of a line and where it goes (stderr). Must never let a secret through.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from evermodel.common.kernel.redaction import redact
from evermodel.common.kernel.visible import visible

#: What a log call may say beside its message, by ``extra={...}``.
FIELDS = (
    "event_id",
    "event_type",
    "lifecycle_id",
    "trace_id",
    "model",
    "topic",
    "partition",
    "offset",
    "outcome",
    "seconds",
)


class JsonFormatter(logging.Formatter):
    """A line of JSON with the time in UTC, the service and every field that was given."""

    def __init__(self, *, service: str, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._service, self._secrets = service, secrets

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": redact(record.getMessage(), secrets=self._secrets),
        }
        line |= {name: self._field(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info), secrets=self._secrets)
        return json.dumps(line)

    def _field(self, record: logging.LogRecord, name: str) -> object:
        """Return a field as JSON takes it: numbers as they are, anything else as safe text."""
        value = getattr(record, name)
        if value is None or isinstance(value, bool | int | float):
            return value
        return redact(str(value), secrets=self._secrets)


class HumanFormatter(logging.Formatter):
    """``12:00:01 INFO  deployer  message  model=fraud``."""

    def __init__(self, *, service: str, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._service, self._secrets = service, secrets

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, tz=UTC).strftime("%H:%M:%S")
        extra = " ".join(f"{n}={getattr(record, n)}" for n in FIELDS if hasattr(record, n))
        # A secret is cut out as it was given: what `visible` spells out would hide it from that.
        said = visible(redact(f"{record.getMessage()}  {extra}", secrets=self._secrets))
        text = f"{time} {record.levelname:<7} {self._service}  {said}"
        if record.exc_info:
            told = redact(self.formatException(record.exc_info), secrets=self._secrets)
            text += "\n" + visible(told, lines=True)
        return redact(text.rstrip(), secrets=self._secrets)


def configure_logs(
    *,
    service: str,
    level: str = "INFO",
    secrets: tuple[str, ...] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every log line of this process to `stream` (stderr), in the form that suits it."""
    target = stream or sys.stderr
    form = HumanFormatter if target.isatty() else JsonFormatter
    handler = logging.StreamHandler(target)
    handler.setFormatter(form(service=service, secrets=secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
