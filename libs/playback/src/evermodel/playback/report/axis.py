"""The one time axis that all charts of the page share."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from evermodel.playback.report.markup import Markup, element, join

WIDTH, LEFT, RIGHT = 1160.0, 280.0, 56.0


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Event time from `start` to `end`, drawn between the margins."""

    start: datetime
    end: datetime

    def x(self, time: datetime) -> float:
        """Return where `time` lies, kept inside the chart."""
        span = max((self.end - self.start).total_seconds(), 1.0)
        share = (time - self.start).total_seconds() / span
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> Iterator[datetime]:
        """Yield about ten round times."""
        span = self.end - self.start
        steps = [timedelta(hours=h) for h in (1, 3, 6, 12)]
        steps += [timedelta(days=d) for d in (1, 2, 7, 14, 28, 91, 365)]
        step = next((s for s in steps if span / s <= 12), steps[-1])
        tick = self.start
        while tick <= self.end:
            yield tick
            tick += step

    def grid(self, *, top: float, bottom: float, labels: bool = True) -> Markup:
        """Return the vertical lines, with dates under them."""
        short = self.end - self.start < timedelta(days=3)
        form = "%d %b %H:%M" if short else "%d %b"
        parts = []
        for tick in self.ticks():
            x = self.x(tick)
            parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
            if labels:
                text = tick.strftime(form)
                parts.append(
                    element("text", text, x=x, y=bottom + 16, class_="tick", text_anchor="middle")
                )
        return join(parts)


def chart(*parts: str, height: float, label: str) -> Markup:
    """Return an SVG of the page's width; where that is too narrow to read it scrolls."""
    drawn = element(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_label=label,
        xmlns="http://www.w3.org/2000/svg",
    )
    return element("div", drawn, class_="chart", tabindex=0)
