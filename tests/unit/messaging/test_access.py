"""Who may do what, from the catalogue: nobody more than that."""

import pytest

from evermodel.common.events.access import OPERATOR, UPSTREAM, Grant, grants, principals, roles
from evermodel.common.events.catalogue import CATALOGUE, Topic


def writers(topic: str) -> set[str]:
    return {who for who in principals() if Grant("topic", topic, "write") in grants(who)}


@pytest.mark.parametrize("topic", [t for t in CATALOGUE if t.plane != "data"], ids=lambda t: t.name)
def test_a_lifecycle_topic_is_written_by_its_owners_and_by_a_redrive_only(topic: Topic) -> None:
    owners = {who for who in topic.producers if who in {*roles(), UPSTREAM}}
    assert writers(topic.name) - {OPERATOR} == owners


@pytest.mark.parametrize("topic", CATALOGUE, ids=lambda topic: topic.name)
def test_what_no_redrive_puts_back_is_never_written_by_the_operator(topic: Topic) -> None:
    if topic.plane in {"state", "dead letter"}:
        assert OPERATOR not in writers(topic.name)


def test_upstream_reads_nothing() -> None:
    assert {grant.operation for grant in grants(UPSTREAM)} == {"write"}


@pytest.mark.parametrize("role", roles())
def test_a_service_joins_its_own_group_and_takes_its_own_transactions_only(role: str) -> None:
    own = {g.name for g in grants(role) if g.resource != "topic" and g.operation != "describe"}
    expected = {"evermodel-console-"} if role == "console" else {role, f"{role}-"}
    assert own == expected


def test_no_service_may_begin_transactions_in_the_name_of_another() -> None:
    prefixes = [
        (who, g.name)
        for who in principals()
        for g in grants(who)
        if g.resource == "transactional id"
    ]
    for who, prefix in prefixes:
        others = [name for other, name in prefixes if other != who and name.startswith(prefix)]
        assert not others, f"{who} may speak as {others}"


def test_an_unknown_principal_has_no_rights_to_ask_for() -> None:
    with pytest.raises(KeyError):
        grants("mallory")
