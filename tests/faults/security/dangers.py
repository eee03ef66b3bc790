"""What production code must not do with bytes, words or archives from outside, found in its text.

A reader of pickles runs what it reads; a shell takes words for commands; `eval` takes data for a
program; an archive names the files that it writes.
"""

import ast
from collections.abc import Iterator
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
#: Options that make a harmless function harmful, and the value that does.
OPTIONS = {"shell": True, "allow_pickle": True, "safe_mode": False, "verify": False}


def dangers(text: str) -> Iterator[str]:
    """Yield a few words for each thing in the module `text` that must not be there."""
    for node in ast.walk(ast.parse(text)):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Import(names=names):
                yield from (f"{line}: import {n.name}" for n in names if _is_bad(n.name))
            case ast.ImportFrom(module=str(module)) if _is_bad(module):
                yield f"{line}: from {module} import"
            case ast.Attribute(attr=attr) if attr in LOADERS:
                yield f"{line}: {attr}"
            case ast.Call(func=function, keywords=keywords):
                name = _name(function)
                if _is_call(name) and not _takes_safe_loader(node):
                    yield f"{line}: {name}()"
                yield from (f"{line}: {k.arg}=" for k in keywords if _is_harmful(k))


def production() -> list[Path]:
    """Return every module that is shipped."""
    return sorted(path for place in PLACES for path in (ROOT / place).rglob("src/**/*.py"))


def _is_bad(module: str) -> bool:
    return module.partition(".")[0] in MODULES


def _is_call(name: str) -> bool:
    if name == "re.compile":
        return False
    return any(name == call or name.endswith(f".{call}") for call in CALLS)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return f"{_name(function.value)}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else "?"


def _takes_safe_loader(call: ast.Call) -> bool:
    loaders = [k.value for k in call.keywords if k.arg == "Loader"]
    return any(_name(loader).endswith("SafeLoader") for loader in loaders)


def _is_harmful(option: ast.keyword) -> bool:
    if option.arg not in OPTIONS or not isinstance(option.value, ast.Constant):
        return False
    return option.value.value is OPTIONS[option.arg]
