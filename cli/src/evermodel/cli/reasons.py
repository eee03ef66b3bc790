"""The exit code and the sentence of every error that a command can meet."""

from evermodel.cli.errors import Exit
from evermodel.common.kernel.errors import is_exhausted
from evermodel.common.kernel.redaction import redact

#: The code of each class, by name: most are never imported by a given command.
_CODES = {
    "evermodel.embedded.errors.NotAvailable": Exit.UNAVAILABLE,
    "evermodel.embedded.errors.Occupied": Exit.NO,
    "evermodel.embedded.errors.NotOurs": Exit.USAGE,
    "evermodel.common.messaging.ports.BrokerUnavailable": Exit.UNAVAILABLE,
    "evermodel.common.messaging.ports.TransactionAborted": Exit.UNAVAILABLE,
    "evermodel.common.messaging.ports.Fenced": Exit.NO,
    "evermodel.common.kernel.errors.Misconfigured": Exit.USAGE,
    "evermodel.playback.source.BadData": Exit.USAGE,
    "pydantic_core._pydantic_core.ValidationError": Exit.USAGE,
}


def code_of(error: BaseException) -> Exit:
    """Return the exit code for `error`."""
    if is_exhausted(error):
        return Exit.UNAVAILABLE
    if _is_usage(error) or _names_a_file(error):
        return Exit.USAGE
    names = (f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__)
    return next((_CODES[name] for name in names if name in _CODES), Exit.NO)


def sentence(error: BaseException) -> str:
    """Return what to say about `error`, secrets taken out; empty when it was said already."""
    if _is_usage(error):
        return redact(str(getattr(error, "format_message", lambda: error)()))
    if isinstance(error, OSError) and (is_exhausted(error) or error.filename is not None):
        named = f"{error.filename}: cannot be used: " if error.filename is not None else ""
        return redact(f"{named}{error.strerror}")
    text = redact(str(error).strip())
    if code_of(error) is not Exit.NO or type(error).__module__.startswith("evermodel"):
        return text
    return f"unexpected {type(error).__name__}: {text} (this is a bug: please report it)"


def _names_a_file(error: BaseException) -> bool:
    """Whether the system refused a path that a person gave: absent, a folder, read-only."""
    return isinstance(error, OSError) and error.filename is not None


def _is_usage(error: BaseException) -> bool:
    """Whether it comes from reading the command line; typer brings its own copy of click."""
    return any(kind.__name__ == "ClickException" for kind in type(error).__mro__)
