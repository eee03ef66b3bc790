"""What the page of guarantees says an operator sees is there to be seen."""

import re

from docs.build.certificate import ROOT, certificate

_METRIC = re.compile(r"evermodel_[a-z_]+(?<!_)")


def test_every_metric_that_a_guarantee_names_is_one_of_ours() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    known, named = set(_METRIC.findall(page)), set()
    for cell in certificate()["cells"]:
        named |= set(_METRIC.findall(f"{cell['seen']} {cell['promise']}"))
    assert named, "none is named: the pattern has gone blind"
    assert named <= known
