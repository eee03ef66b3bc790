"""The picture of a soak is one SVG that names every process, topic and trouble."""

from pathlib import Path
from xml.etree import ElementTree

from benchmarks.plot import write_plot
from benchmarks.samples import Look, Samples


def test_every_life_and_every_trouble_is_drawn(tmp_path: Path) -> None:
    samples = Samples()
    for pid in (1, 2):
        looks = [Look(5.0 * n, 5.0 * n, 100.0 + n, 20, 8) for n in range(10)]
        samples.lives["scorer", pid] = looks
    samples.topics["transactions"] = [(0.0, 1.0), (45.0, 9.0)]
    samples.lags += [(0.0, 3.0), (45.0, 0.0)]
    samples.marks.append((20.0, "kill -9 <scorer>"))
    write_plot(samples, tmp_path / "soak.svg")
    picture = ElementTree.fromstring((tmp_path / "soak.svg").read_text(encoding="utf-8"))  # noqa: S314
    titles = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert titles.count("scorer") == 2 * 3
    assert titles.count("kill -9 <scorer>, 0.3 min") == 6
    assert titles.count("transactions") == 1
    assert titles.count("lag") == 1
