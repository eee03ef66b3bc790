"""The curves as pictures, for whoever opens the run: precision-recall and calibration."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evermodel.trainer.child.figures import average_precision, ranked, reliability

#: In shares of the figure; what stands beside the axes fits.
_MARGINS = {"left": 0.14, "right": 0.97, "bottom": 0.13, "top": 0.91}


def draw(
    folder: Path,
    *,
    scores: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int8],
    threshold: float,
) -> None:
    """Write ``precision_recall.png`` and ``calibration.png`` into the new folder `folder`."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # half a second

    folder.mkdir(parents=True)
    curve = ranked(scores, labels).curve(np.ones(len(scores)))
    figure, axes = _sheet(Figure)
    axes.step(curve.recall, curve.precision, where="post", color="tab:blue")
    at = max(0, int((curve.thresholds >= np.float32(threshold)).sum()) - 1)
    caught, right = curve.recall[at], curve.precision[at]
    told = f"threshold {threshold:.3g}: recall {caught:.2f}, precision {right:.2f}"
    axes.plot(caught, right, "o", color="tab:red", label=told)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title(f"hold-out: average precision {average_precision(curve):.3f}, n = {len(labels)}")
    axes.legend(loc="lower left")
    figure.savefig(folder / "precision_recall.png", dpi=100)

    groups = reliability(scores, labels, bins=20)
    figure, axes = _sheet(Figure)
    axes.plot([1e-5, 1], [1e-5, 1], ":", color="grey", label="perfect")
    some, none = [g for g in groups if g[1] > 0], [g for g in groups if not g[1] > 0]
    axes.plot([g[0] for g in some], [g[1] for g in some], "o-", color="tab:blue", label="groups")
    if none:  # a logarithm has no place for them: at the foot, and not on the line
        foot = [1e-5] * len(none)
        axes.plot([g[0] for g in none], foot, "v", color="tab:blue", mfc="white", label="no fraud")
    axes.set(xlabel="mean score", ylabel="share of frauds", xscale="log", yscale="log")
    axes.set_title("hold-out: calibration in 20 equal groups (log scale)")
    axes.legend(loc="upper left")
    figure.savefig(folder / "calibration.png", dpi=100)


def _sheet(figure_class: Any) -> tuple[Any, Any]:
    """Return a figure and its axes. Finding the best margins took longer than all else."""
    figure = figure_class(figsize=(5, 4))
    return figure, figure.subplots(gridspec_kw=_MARGINS)
