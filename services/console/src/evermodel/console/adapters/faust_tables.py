"""Faust tables that live in memory only.

Faust backs a table with a changelog topic and recovers from it. Here the lifecycle topics
themselves are read from the beginning at every start, so a changelog would be a second copy to
disagree with the first; and one more thing that writes to Kafka, which the console never does.
"""

from typing import Any

import faust


class ViewTable(faust.Table[Any, Any]):
    """A table without a changelog: never given to the app's table manager."""

    def on_key_set(self, key: Any, value: Any) -> None:
        """Tell Faust's sensors only."""
        self._sensor_on_set(self, key, value)

    def on_key_del(self, key: Any) -> None:
        """Tell Faust's sensors only."""
        self._sensor_on_del(self, key)
