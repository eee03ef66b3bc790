"""The exit code and the sentence of every error that a command can meet."""

from importlib import import_module

from evermodel.cli.errors import Exit
from evermodel.common.observability.redaction import redact

#: Where each class lives, and its code. By name: most are never imported by a given command.
_CODES: tuple[tuple[str, str, Exit], ...] = (
    ("evermodel.embedded.errors", "NotAvailable", Exit.UNAVAILABLE),
    ("evermodel.embedded.errors", "Occupied", Exit.NO),
    ("evermodel.common.messaging.ports", "BrokerUnavailable", Exit.UNAVAILABLE),
    ("evermodel.common.messaging.ports", "TransactionAborted", Exit.UNAVAILABLE),
    ("evermodel.common.models.file", "BadModelFile", Exit.USAGE),
    ("pydantic", "ValidationError", Exit.USAGE),
)


def code_of(error: BaseException) -> Exit:
    """Return the exit code for `error`."""
    if _is_usage(error):
        return Exit.USAGE
    for module, name, code in _CODES:
        kind = getattr(import_module(module), name, None)
        if isinstance(kind, type) and isinstance(error, kind):
            return code
    if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
        return Exit.USAGE
    return Exit.NO


def sentence(error: BaseException) -> str:
    """Return what to say about `error`, secrets taken out; empty when it was said already."""
    if _is_usage(error):
        return redact(str(getattr(error, "format_message", lambda: error)()))
    text = redact(str(error).strip())
    known = code_of(error) is not Exit.NO or type(error).__module__.startswith("evermodel")
    if known:
        return text
    return f"unexpected {type(error).__name__}: {text} (this is a bug: please report it)"


def _is_usage(error: BaseException) -> bool:
    """Whether it comes from reading the command line; typer brings its own copy of click."""
    return any(kind.__name__ == "ClickException" for kind in type(error).__mro__)
