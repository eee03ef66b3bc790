"""Labels for a file of the lake, and what an operator sees while the lake takes none."""

import numpy as np

from evermodel.drift.domain.rows import Labels

NOT_NOW = (
    "windower logs 'tried again in 1.0 s: the lake does not take …'; "
    "evermodel_events_total, outcome retried"
)


def labels(*ids: str) -> Labels:
    return Labels(
        offsets=np.arange(len(ids)),
        known_at=np.zeros(len(ids), dtype=np.int64),
        ids=list(ids),
        labels=[1] * len(ids),
        sources=["analyst"] * len(ids),
    )
