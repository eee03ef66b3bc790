"""What production code must not do with bytes, words or archives from outside, found in its text.

A reader of pickles runs what it reads; a shell takes words for commands; `eval` takes data for a
program; an archive names the files that it writes.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PLACES = ("libs", "services", "cli", "deploy")

#: Modules whose readers run what they read, or write where an archive says.
MODULES = frozenset(
    {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    | {"tarfile", "zipfile", "xmlrpc", "telnetlib"}
)
#: Functions by the last parts of their names.
CALLS = frozenset(
    {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "read_pickle", "to_pickle"}
    | {"yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load", "unpack_archive"}
    | {"subprocess.getoutput", "subprocess.getstatusoutput", "create_subprocess_shell"}
    | {"extractall", "torch.load", "keras.models.load_model", "mlflow.pyfunc.load_model"}
)
#: Loaders of YAML that make any object.
LOADERS = frozenset({"Loader", "FullLoader", "UnsafeLoader", "CLoader", "BaseConstructor"})
#: Options that make a harmless function harmful, and what they must be: that itself, no variable.
OPTIONS = {"shell": False, "allow_pickle": False, "safe_mode": True, "verify": True}
#: Programs that take words for commands.
SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "csh", "tcsh", "fish", "busybox"})
#: Functions that are judged where they are called: what they are given decides.
_BY_LOADER = frozenset({"yaml.load", "yaml.load_all"})


def dangers(text: str) -> Iterator[str]:
    """Yield a few words for each thing in the module `text` that must not be there."""
    tree = ast.parse(text)
    known = _imported(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Import(names=names):
                yield from (f"{line}: import {n.name}" for n in names if _is_bad(n.name))
            case ast.ImportFrom(module=str(module), names=names):
                wholes = (f"{module}.{n.name}" for n in names)
                yield from (f"{line}: from {whole}" for whole in wholes if _is_bad_name(whole))
            case ast.Attribute(attr=attr) if attr in LOADERS:
                yield f"{line}: {attr}"
            case ast.Constant(value=str(words)) if _is_shell(words):
                yield f"{line}: {words}"
            case ast.Call(func=function, keywords=keywords):
                name = _name(function, known)
                if _is_call(name) and not _takes_safe_loader(node, known):
                    yield f"{line}: {name}()"
                yield from (f"{line}: {k.arg}=" for k in keywords if _is_harmful(k))


def production() -> list[Path]:
    """Return every module that is shipped."""
    return sorted(path for place in PLACES for path in (ROOT / place).rglob("src/**/*.py"))


def _imported(tree: ast.AST) -> dict[str, str]:
    """Return what each imported name of the module stands for: ``system`` for ``os.system``."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {n.asname: n.name for n in names if n.asname}
            case ast.ImportFrom(module=str(module), names=names):
                found |= {n.asname or n.name: f"{module}.{n.name}" for n in names}
    return found


def _is_bad(module: str) -> bool:
    return module.partition(".")[0] in MODULES


def _is_bad_name(whole: str) -> bool:
    if _is_bad(whole) or (whole.startswith("yaml.") and whole.rpartition(".")[2] in LOADERS):
        return True
    return _is_call(whole) and whole not in _BY_LOADER


def _is_shell(words: str) -> bool:
    """Whether `words` are a shell's name, or a command that begins with it."""
    return bool(words) and words.split(" ", maxsplit=1)[0].rpartition("/")[2] in SHELLS


def _is_call(name: str) -> bool:
    if name == "re.compile":
        return False
    return any(name == call or name.endswith(f".{call}") for call in CALLS)


def _name(function: ast.expr, known: Mapping[str, str]) -> str:
    if isinstance(function, ast.Attribute):
        return f"{_name(function.value, known)}.{function.attr}"
    return known.get(function.id, function.id) if isinstance(function, ast.Name) else "?"


def _takes_safe_loader(call: ast.Call, known: Mapping[str, str]) -> bool:
    loaders = [k.value for k in call.keywords if k.arg == "Loader"]
    return any(_name(loader, known).endswith("SafeLoader") for loader in loaders)


def _is_harmful(option: ast.keyword) -> bool:
    if option.arg not in OPTIONS:
        return False
    harmless = isinstance(option.value, ast.Constant) and option.value.value is OPTIONS[option.arg]
    return not harmless
