"""What the deployer remembers of each model, as JSON in its state topic."""

from functools import cache

from pydantic import TypeAdapter, ValidationError

from evermodel.common.kernel.errors import Fatal
from evermodel.deployer.domain.lifecycle import Lifecycle


@cache
def _adapter() -> TypeAdapter[Lifecycle]:
    return TypeAdapter(Lifecycle)


def dump(state: Lifecycle) -> bytes:
    """Return `state` as JSON."""
    return _adapter().dump_json(state)


def load(data: bytes) -> Lifecycle:
    """Return the state in `data`.

    Raises:
        Fatal: it cannot be read. Going on without it would promote the next version unseen.
    """
    try:
        return _adapter().validate_json(data)
    except ValidationError as error:
        raise Fatal(f"deployer.state cannot be read: {error.error_count()} problems") from error
