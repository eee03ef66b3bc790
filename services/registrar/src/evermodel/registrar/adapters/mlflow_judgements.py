"""The last judgement of each model, as tags of MLflow's registered model.

A store takes 5,000 characters a tag, and a judgement with many slices is longer: it lies there
compressed, over as many tags as it takes. The first, written last, says how many; what a crash
left half written does not unpack, and is no judgement.
"""

from base64 import b85decode, b85encode
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING
from zlib import compress, decompressobj, error

from evermodel.common.events.payload import Name
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import EventId
from evermodel.tracking.client import Absent, answering, connect

if TYPE_CHECKING:
    from mlflow import MlflowClient

JUDGED = "evermodel.judged"

#: The longest tag value that every MLflow store takes, less the number of tags.
_LONGEST_PART = 5000 - 10
#: More than a judgement of any model: tags are anybody's to write who may write MLflow.
_LARGEST = 16 << 20


class MlflowJudgements:
    """See the module (``Judgements``)."""

    def __init__(self, tracking_uri: str) -> None:
        self._tracking_uri = tracking_uri

    @cached_property
    def _client(self) -> "MlflowClient":
        return connect(self._tracking_uri)

    def find(self, model: Name, *, trained_by: EventId) -> ModelValidated | None:
        try:
            with answering():
                tags = self._client.get_registered_model(model).tags
        except Absent:
            return None
        kept = _unpacked(tags)
        return kept if kept is not None and kept.trained_by == trained_by else None

    def keep(self, judgement: ModelValidated) -> None:
        try:
            self._tag(judgement)
        except Absent:  # its first candidate was rejected: there is no version and no model yet
            with answering():
                self._client.create_registered_model(judgement.model)
            self._tag(judgement)

    def _tag(self, judgement: ModelValidated) -> None:
        for name, part in reversed(_packed(judgement)):
            with answering():
                self._client.set_registered_model_tag(judgement.model, name, part)


def _packed(judgement: ModelValidated) -> list[tuple[str, str]]:
    """Return names and values of the tags, the first first."""
    text = b85encode(compress(judgement.model_dump_json().encode(), level=9)).decode()
    first, *rest = (text[at : at + _LONGEST_PART] for at in range(0, len(text), _LONGEST_PART))
    more = [(f"{JUDGED}.{n}", part) for n, part in enumerate(rest, start=1)]
    return [(JUDGED, f"{len(rest)}:{first}"), *more]


def _unpacked(tags: Mapping[str, str]) -> ModelValidated | None:
    """Return what lies in `tags`, or None when that is nothing or not one whole judgement."""
    count, _, first = tags.get(JUDGED, "").partition(":")
    if not first:
        return None
    try:
        more = range(1, min(int(count), len(tags)) + 1)
        parts = (first, *(tags.get(f"{JUDGED}.{n}", "") for n in more))
        text = decompressobj().decompress(b85decode("".join(parts)), _LARGEST)
        return ModelValidated.model_validate_json(text)
    except (error, ValueError):  # also what a crash cut off, and a count that is none
        return None
