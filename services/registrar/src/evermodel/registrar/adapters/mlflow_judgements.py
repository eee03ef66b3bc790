"""The last judgement of each model, as a tag of MLflow's registered model.

A store takes 5,000 characters a tag, and a judgement with many slices is longer: it lies there
compressed. One that is too long even so is not kept, and would be judged again.
"""

import logging
from base64 import b85decode, b85encode
from functools import cached_property
from typing import TYPE_CHECKING
from zlib import compress, decompress

from evermodel.common.events.payload import Name
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import EventId
from evermodel.registrar.adapters.mlflow_client import Absent, answering, connect

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOG = logging.getLogger(__name__)

JUDGED = "evermodel.judged"

#: The longest tag value that every MLflow store takes.
_LONGEST_TAG = 5000


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
                text = self._client.get_registered_model(model).tags.get(JUDGED)
        except Absent:
            return None
        if text is None:
            return None
        kept = ModelValidated.model_validate_json(decompress(b85decode(text)))
        return kept if kept.trained_by == trained_by else None

    def keep(self, judgement: ModelValidated) -> None:
        text = b85encode(compress(judgement.model_dump_json().encode(), level=9)).decode()
        if len(text) > _LONGEST_TAG:
            _LOG.warning("the judgement of %s is too long to keep", judgement.trained_by)
            return
        try:
            self._tag(judgement.model, text)
        except Absent:  # its first candidate was rejected: there is no version and no model yet
            with answering():
                self._client.create_registered_model(judgement.model)
            self._tag(judgement.model, text)

    def _tag(self, model: Name, text: str) -> None:
        with answering():
            self._client.set_registered_model_tag(model, JUDGED, text)
