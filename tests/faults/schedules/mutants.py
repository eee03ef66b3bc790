"""Bugs of the kind that loses or doubles things, as patches of production code.

Owns what each breaks and which law must say so. Must never be imported by anything but the test
that proves that the schedules find them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from evermodel.common.events.catalogue import CATALOGUE
from evermodel.common.kernel.errors import Fatal
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging import emission
from evermodel.common.messaging.memory_group import MemoryConsumer
from evermodel.common.messaging.outbox import Outbox
from evermodel.common.messaging.transaction import Contents
from evermodel.deployer.adapters import yaml_manifest
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.domain.changes import Change
from evermodel.deployer.ports import Written
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.handlers.scored_partition import ScoredPartition
from evermodel.registrar.adapters.directory_registry import DirectoryRegistry
from evermodel.registrar.ports import Candidate, Registered
from tests.faults.schedules.numbered_runs import NumberedRuns

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A planted bug. `strikes`: the service that is struck. `breaks`: the law that must speak."""

    plant: Plant
    strikes: str
    breaks: str


def _random_ids(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(emission, "caused_id", lambda *_: EventId(str(uuid4())))


def _no_look_up_of_runs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NumberedRuns, "find", lambda *_, **__: None)


def _no_look_up_of_versions(patch: pytest.MonkeyPatch) -> None:
    def register(self: Any, model: Any, *, candidate: Candidate) -> Registered:
        versions = self._versions(model)
        made = Registered(version=len(versions) + 1, candidate=candidate)
        self._write(model, versions=(*versions, made), aliases=self._aliases(model))
        return made

    patch.setattr(DirectoryRegistry, "register", register)


def _no_look_up_in_git(patch: pytest.MonkeyPatch) -> None:
    def written(self: Any, change: Change) -> Written:
        path = yaml_manifest.path_of(change.model, self.environment)
        text = self.files.get(path)
        edited = yaml_manifest.first(change) if text is None else yaml_manifest.edit(text, change)
        self.files[path] = edited
        return Written(commit=self._commit(change, edited))

    patch.setattr(MemoryRepository, "_written", written)


def _effect_after_commit(patch: pytest.MonkeyPatch) -> None:
    """Files of the lake are written when the offsets have been committed: the disk may be slow."""
    made, write, commit = ParquetLake.__init__, ParquetLake.write, Outbox.commit
    later: list[Callable[[], None]] = []

    def begin(self: Any, root: Any) -> None:
        later.clear()  # a new process remembers nothing
        made(self, root)

    def put_off(self: Any, path: str, parts: Any, *, keep: bool = False) -> None:
        later.append(partial(write, self, path, [*parts], keep=keep))

    def then_do(self: Any, consumer: Any) -> Contents:
        contents = commit(self, consumer)
        while later:
            later.pop(0)()
        return contents

    patch.setattr(ParquetLake, "__init__", begin)
    patch.setattr(ParquetLake, "write", put_off)
    patch.setattr(Outbox, "commit", then_do)


def _swallowed_fatal(patch: pytest.MonkeyPatch) -> None:
    commit = Outbox.commit

    def swallowing(self: Any, consumer: Any) -> Contents:
        try:
            return commit(self, consumer)
        except Fatal:
            return Contents()

    patch.setattr(Outbox, "commit", swallowing)


def _offsets_early(patch: pytest.MonkeyPatch) -> None:
    """What has been handed out counts as done, as with ``enable.auto.commit``."""
    poll = MemoryConsumer.poll

    def polled(self: Any, **how: Any) -> Any:
        records = poll(self, **how)
        self.group.committed.update(self._next)
        return records

    patch.setattr(MemoryConsumer, "poll", polled)


_STATES = {topic.name for topic in CATALOGUE if topic.name.endswith("state")}


def _state_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    opened, put = Outbox.open, Outbox.put

    def remember(self: Any, broker: Any, *, instance: str) -> None:
        _BROKERS[id(self)] = broker
        opened(self, broker, instance=instance)

    def apart(self: Any, prepared: Any, **how: Any) -> None:
        state = [r for r in prepared.records if r.topic in _STATES]
        _BROKERS[id(self)].publish(state)
        others = [r for r in prepared.records if r.topic not in _STATES]
        put(self, replace(prepared, records=others), **how)

    patch.setattr(Outbox, "open", remember)
    patch.setattr(Outbox, "put", apart)


_BROKERS: dict[int, Any] = {}


def _rows_counted_again(patch: pytest.MonkeyPatch) -> None:
    """What a restart reads again for the lake is counted again as well."""
    restore = ScoredPartition.restore

    def forgetful(self: Any, state: Any, *, committed: int) -> int | None:
        begins = restore(self, state, committed=committed)
        self._position.next_offset = 0
        return begins

    patch.setattr(ScoredPartition, "restore", forgetful)


MUTANTS: Mapping[str, Mutant] = {
    "an effect after the commit": Mutant(
        plant=_effect_after_commit,
        strikes="drift-windower",
        breaks="decides_as_if_nothing_had_struck",
    ),
    "a random id instead of a derived one": Mutant(
        plant=_random_ids, strikes="trainer", breaks="says_the_same_events"
    ),
    "the look-up in the run store left out": Mutant(
        plant=_no_look_up_of_runs, strikes="trainer", breaks="each_training_made_one_run"
    ),
    "the look-up in the registry left out": Mutant(
        plant=_no_look_up_of_versions, strikes="registrar", breaks="each_training_made_one_version"
    ),
    "the look-up in Git left out": Mutant(
        plant=_no_look_up_in_git, strikes="deployer", breaks="each_change_is_one_commit"
    ),
    "a Fatal swallowed": Mutant(
        plant=_swallowed_fatal,
        strikes="drift-detector",
        breaks="decides_as_if_nothing_had_struck",
    ),
    "offsets committed early": Mutant(
        plant=_offsets_early,
        strikes="drift-windower",
        breaks="each_transaction_counts_in_one_window",
    ),
    "state written outside the transaction": Mutant(
        plant=_state_outside_the_transaction,
        strikes="drift-windower",
        breaks="each_transaction_counts_in_one_window",
    ),
    "rows counted again that a restart reads again": Mutant(
        plant=_rows_counted_again,
        strikes="drift-windower",
        breaks="each_transaction_counts_in_one_window",
    ),
}
