"""An evaluator that brings the files together, has them scored, and clears up.

Owns the working folder of each evaluation. Must never score in this process itself unless
that is the `run` it was given.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from evermodel.common.kernel.ids import plain
from evermodel.registrar.adapters.plan import Bundle, Plan
from evermodel.registrar.domain.evidence import Evaluation, NotEvaluated, Unloadable
from evermodel.registrar.ports import Case


class MissingArtefact(LookupError):
    """The store has no such artefact."""


class ArtefactStore(Protocol):
    """Fetches what a training stored."""

    def fetch(self, uri: str, *, into: Path) -> Path:
        """Copy the file or folder at `uri` into the empty folder `into`; return where it lies.

        Raises:
            MissingArtefact: there is none.
            Transient: the store does not answer now.
        """


class StagedEvaluator:
    """See the module."""

    def __init__(
        self, *, store: ArtefactStore, run: Callable[[Plan, Path], Evaluation], work: Path
    ) -> None:
        self._store = store
        self._run = run
        self._work = work

    def evaluate(self, case: Case) -> Evaluation:
        """Return the evidence; a folder left by a crash is begun anew."""
        folder = self._work / "evaluations" / plain(case.key)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            return self._staged(case, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _staged(self, case: Case, folder: Path) -> Evaluation:
        try:
            candidate = self._fetch(case.candidate.uri, folder / "candidate")
        except MissingArtefact as error:
            return Unloadable(str(error))
        try:
            holdout = self._fetch(case.holdout_uri, folder / "holdout")
        except MissingArtefact as error:
            return NotEvaluated(f"no hold-out: {error}")
        plan = Plan(
            model=case.model,
            candidate=Bundle(path=str(candidate), digest=case.candidate.digest),
            holdout=str(holdout),
        )
        return self._run(self._with_champion(plan, case, folder), folder)

    def _with_champion(self, plan: Plan, case: Case, folder: Path) -> Plan:
        if case.champion is None:
            return plan
        try:
            path = self._fetch(case.champion.uri, folder / "champion")
        except MissingArtefact as error:
            reason = f"the champion cannot be compared: {error}"
            return plan.model_copy(update={"no_champion": reason, "champion_expected": True})
        champion = Bundle(path=str(path), digest=case.champion.digest)
        return plan.model_copy(update={"champion": champion})

    def _fetch(self, uri: str, into: Path) -> Path:
        into.mkdir()
        return self._store.fetch(uri, into=into)
