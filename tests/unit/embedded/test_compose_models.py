"""The models that compose starts with: a plain payment, which names no model, finds its own."""

import re
from collections import Counter
from pathlib import Path

from evermodel.common.models.file import read_models

ROOT = Path(__file__).parents[3]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
_DEFAULT = re.compile(r"\$\{EVERMODEL_MODELS_FOLDER:-([^}]+)\}:/models:ro")


def shared_topics(folder: str) -> list[str]:
    """Return the topics that more than one model of `folder` reads."""
    read = Counter(model.stream.topic for model in read_models(str(ROOT / folder)).values())
    return [topic for topic, readers in read.items() if readers > 1]


def test_no_two_models_of_the_default_folder_read_one_topic() -> None:
    (folder,) = {*_DEFAULT.findall(COMPOSE)}
    assert shared_topics(folder) == []
    assert f"models: {folder}, or EVERMODEL_MODELS_FOLDER" in COMPOSE, "as its head says"


def test_two_models_on_one_topic_are_found() -> None:
    assert shared_topics("examples") == ["transactions"]
