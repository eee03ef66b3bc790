"""The machine's file in the config repository: three scalars, edited where they stand.

Owns the file's form and how it is changed: by splicing scalars at their node marks, so that a
change is three diff lines, and comments, order and quoting of all else survive. Must never
dump YAML over a file that people read.
"""

from collections.abc import Mapping

import yaml

from evermodel.deployer.domain.changes import Change
from evermodel.deployer.ports import Desired, RepositoryBroken

_TEMPLATE = """\
# What serves {model}. Written by the deployer alone; to change it, order a promote or an abort.
# The version is a number and the artefact a digest: an alias would change nothing here.
apiVersion: evermodel/v1
kind: DesiredModel
model: {model}
desired:
  version: {version}
  uri: {uri}
  digest: {digest}
"""

Path = tuple[str, ...]

#: The machine writes some 500; people may explain a lot.
LONGEST = 100_000


class _Plain(yaml.SafeLoader):
    """YAML without aliases: a few lines of them are a thousand million scalars, or have no end."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise RepositoryBroken("it has YAML aliases, and the machine writes none")
        return super().compose_node(parent, index)


def path_of(model: str, environment: str) -> str:
    """Return where the machine's file for `model` lies in the repository."""
    return f"environments/{environment}/{model}.yaml"


def first(change: Change) -> str:
    """Return the file for a model that had none."""
    return _TEMPLATE.format(
        model=change.model,
        version=change.to.version,
        uri=change.to.model_uri,
        digest=change.to.digest,
    )


def read(text: str) -> Desired:
    """Return what the file wants.

    Raises:
        RepositoryBroken: it is not YAML, or a scalar is missing or malformed.
    """
    scalars = _scalars(text)
    try:
        desired = Desired(
            version=int(scalars["desired", "version"].value),
            model_uri=scalars["desired", "uri"].value,
            digest=scalars["desired", "digest"].value,
        )
    except KeyError as error:
        raise RepositoryBroken(f"the file has no {'.'.join(error.args[0])}") from error
    except ValueError as error:
        raise RepositoryBroken(f"desired.version is no number: {error}") from error
    if desired.version < 1:
        raise RepositoryBroken(f"desired.version is {desired.version}, and versions count from 1")
    return desired


def edit(text: str, change: Change) -> str:
    """Return the file wanting what `change` wants.

    Raises:
        RepositoryBroken: the file cannot be read, or the edit would change anything else.
    """
    read(text)
    wanted: dict[Path, str] = {
        ("desired", "version"): str(change.to.version),
        ("desired", "uri"): change.to.model_uri,
        ("desired", "digest"): change.to.digest,
    }
    edited = _splice(text, wanted)
    before = {path: node.value for path, node in _scalars(text).items()}
    after = {path: node.value for path, node in _scalars(edited).items()}
    if after != {**before, **wanted}:
        raise RepositoryBroken("the edit would have changed more than the desired version")
    return edited


def _splice(text: str, wanted: Mapping[Path, str]) -> str:
    scalars = _scalars(text)
    for path in sorted(wanted, key=lambda p: -scalars[p].start_mark.index):
        node = scalars[path]
        text = text[: node.start_mark.index] + wanted[path] + text[node.end_mark.index :]
    return text


def _scalars(text: str) -> dict[Path, yaml.ScalarNode]:
    if len(text) > LONGEST:
        raise RepositoryBroken(f"it is longer than {LONGEST} characters")
    try:
        root = yaml.compose(text, Loader=_Plain)
    except RecursionError as error:
        raise RepositoryBroken("it is nested too deeply") from error
    except yaml.YAMLError as error:
        raise RepositoryBroken(f"not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(root, yaml.MappingNode):
        raise RepositoryBroken("not a YAML mapping")
    found: dict[Path, yaml.ScalarNode] = {}
    _collect(root, (), found)
    return found


def _collect(node: yaml.Node, path: Path, found: dict[Path, yaml.ScalarNode]) -> None:
    if isinstance(node, yaml.ScalarNode):
        if path in found:
            raise RepositoryBroken(f"{'.'.join(path)} is written twice")
        found[path] = node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _collect(value, (*path, str(key.value)), found)
    else:
        for index, value in enumerate(node.value):
            _collect(value, (*path, str(index)), found)
