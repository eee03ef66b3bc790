"""Writing owed changes to Git, and what the answer means for the rollout.

Every change is looked up before it is made, so doing this twice writes once. When Git does not
answer the change stays owed: what serves never waits for Git, only what would *get* weight.
"""

import logging
from dataclasses import dataclass, replace

from evermodel.deployer.domain.changes import Change
from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.ports import (
    ConfigRepository,
    RepositoryBroken,
    RepositoryUnavailable,
    Superseded,
    Written,
)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The state with less owed, the commits made, and the promotion somebody overtook.

    `before`: the state that it set out from.
    """

    before: Lifecycle
    state: Lifecycle
    commits: tuple[tuple[Change, str], ...] = ()
    overtaken: int | None = None


def deliver(state: Lifecycle, repository: ConfigRepository) -> Delivery:
    """Write what `state` owes, in order, until Git stops answering."""
    before, commits = state, list[tuple[Change, str]]()
    for change in state.owed:
        try:
            answer = repository.write(change)
        except (RepositoryUnavailable, RepositoryBroken) as error:
            _LOG.error("%s is owed to the config repository: %s", change.subject, error)
            break
        match answer:
            case Written(commit=commit):
                commits.append((change, commit))
                state = replace(state, owed=state.owed[1:], desired=change.to.version)
            case Superseded(desired=desired):
                _LOG.warning("%s was overtaken: Git wants v%d", change.subject, desired)
                state = replace(state, owed=state.owed[1:], desired=desired)
                if change.rollback_of is None:
                    return Delivery(
                        before=before, state=state, commits=tuple(commits), overtaken=desired
                    )
    return Delivery(before=before, state=state, commits=tuple(commits))
