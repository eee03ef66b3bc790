"""The twin's judgements: one JSON file per model."""

from pathlib import Path

from evermodel.common.events.payload import Name
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import EventId


class DirectoryJudgements:
    """The last judgement of each model under a folder (``Judgements``)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, model: Name, *, trained_by: EventId) -> ModelValidated | None:
        path = self._path(model)
        if not path.exists():
            return None
        kept = ModelValidated.model_validate_json(path.read_bytes())
        return kept if kept.trained_by == trained_by else None

    def keep(self, judgement: ModelValidated) -> None:
        path = self._path(judgement.model)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(judgement.model_dump_json(indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)

    def _path(self, model: Name) -> Path:
        return self._root / f"{model}.judged.json"
