"""``docs/access.md``: who may do what on the brokers, for those who set a cluster up."""

from collections.abc import Iterable

from evermodel.common.events.access import Grant, grants, principals

_HEAD = """# Who may do what on the brokers

This page is made from the catalogue (`make docs`). Each service is a principal of its own and has
these rights and no others. `evermodel topics access --grant` gives them on a cluster of your own,
as an administrator of it; with `EVERMODEL_SECURITY=on` the broker that `evermodel up` or the demo
starts has them. Reading and writing include seeing that a topic is there. `name*` stands for every
name that begins so.
"""
_TITLES = {
    "topic": "topics",
    "group": "groups",
    "transactional id": "transactional ids",
}


def page() -> str:
    """Return the page."""
    return "".join([_HEAD, *(_principal(who) for who in principals())])


def _principal(who: str) -> str:
    rows = sorted({(g.resource, g.operation) for g in grants(who)})
    lines = [f"\n## `{who}`\n\n| may | which |\n|---|---|\n"]
    for resource, operation in rows:
        found = (g for g in grants(who) if (g.resource, g.operation) == (resource, operation))
        lines.append(f"| {operation} {_TITLES[resource]} | {_names(found)} |\n")
    return "".join(lines)


def _names(found: Iterable[Grant]) -> str:
    return ", ".join(f"`{g.name}{'*' if g.is_prefix else ''}`" for g in sorted(found))
