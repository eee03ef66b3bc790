"""Every service role and how it is started. The one list that compose and `up` both follow."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evermodel.common.kernel.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Role:
    """A service role: its name, and what follows ``python -m``.

    `can_wait`: it knows ``--wait``, so a spare may be kept.
    """

    name: str
    module: tuple[str, ...]
    can_wait: bool = True

    @property
    def arguments(self) -> list[str]:
        """The command line, with this Python.

        -P: what lies in the folder that `up` was started in is a person's, and is not imported.
        """
        return [sys.executable, "-P", "-m", *self.module]


ROLES = (
    Role("scorer", ("evermodel.scorer",)),
    Role("drift-windower", ("evermodel.drift", "windower")),
    Role("drift-detector", ("evermodel.drift", "detector")),
    Role("drift-outcomes", ("evermodel.drift", "outcomes")),
    Role("trainer", ("evermodel.trainer",)),
    Role("registrar", ("evermodel.registrar",)),
    Role("deployer", ("evermodel.deployer",)),
    Role("console", ("evermodel.console",), can_wait=False),
)


def require_known(wanted: Mapping[str, int], roles: tuple[Role, ...] = ROLES) -> None:
    """Return if every name in `wanted` is a role's.

    Raises:
        Misconfigured: one is not, or its number is negative.
    """
    for name, number in wanted.items():
        if name not in {role.name for role in roles} or number < 0:
            known = ", ".join(role.name for role in roles)
            raise Misconfigured(f"replicas {name}={number}: name one of {known}, and 0 or more")


def replicas(
    wanted: Mapping[str, int], roles: tuple[Role, ...] = ROLES
) -> Iterator[tuple[str, str, Role]]:
    """Yield (process name, instance, role) for one replica of each role, or as `wanted` says.

    Raises:
        Misconfigured: `wanted` names no role, or a negative number.
    """
    require_known(wanted, roles)
    for role in roles:
        for instance in range(wanted.get(role.name, 1)):
            yield (f"{role.name}-{instance}" if instance else role.name), str(instance), role
