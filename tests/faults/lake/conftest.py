"""A small disk to fill."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.disk import Disk, small_disk


@pytest.fixture
def disk(tmp_path: Path, record_property: Callable[[str, object], None]) -> Iterator[Disk]:
    """A disk of two megabytes; the certificate says how it is filled."""
    with small_disk(tmp_path / "disk", kilobytes=2000) as made:
        record_property("disk", made.way)
        yield made
