"""`evermodel topics access`: the rights themselves, without a broker."""

import json

from typer.testing import CliRunner

from evermodel.cli.main import app
from evermodel.common.events.access import grants, principals


def test_it_says_every_right_of_everybody() -> None:
    found = CliRunner().invoke(app, ["topics", "access", "--json"])
    assert found.exit_code == 0, found.output
    rights = json.loads(found.output)["rights"]
    assert len(rights) == sum(len(grants(who)) for who in principals())
    assert {
        "principal": "trainer",
        "resource": "topic",
        "name": "drift.detected",
        "operation": "read",
        "is_prefix": False,
    } in rights


def test_it_says_them_in_words_as_well() -> None:
    found = CliRunner().invoke(app, ["topics", "access"])
    assert "deployer may write transactional id deployer-*" in found.output.splitlines()
