"""No pickle, shell, eval or archive lies on any path of production code; each rule bites."""

import pytest

from tests.faults.security.dangers import ROOT, dangers, production

PLANTED = {
    "a pickle": "import pickle",
    "a pickle by another name": "from joblib import load",
    "a pickled array": "import numpy as np\nnp.load(file, allow_pickle=True)",
    "a pickled array, perhaps": "import numpy as np\nnp.load(file, allow_pickle=wanted)",
    "a pickled frame by its function": "from pandas import read_pickle",
    "a pickled frame": "import pandas as pd\npd.read_pickle(file)",
    "any object of YAML": "import yaml\nyaml.load(text)",
    "any object of YAML, by its loader": "import yaml\nyaml.load(text, Loader=yaml.Loader)",
    "any object of YAML, by a loader of ours": "import yaml\nclass Mine(yaml.UnsafeLoader): ...",
    "a shell": "import subprocess\nsubprocess.run(command, shell=True)",
    "a shell in passing": "import os\nos.system(command)",
    "a shell by its own name": "from os import system",
    "a shell by another name": "from os import system as run\nrun(command)",
    "a shell of a module by another name": "import os as machine\nmachine.popen(command)",
    "a shell, as a number": "import subprocess\nsubprocess.run(command, shell=1)",
    "a shell, perhaps": "import subprocess\nsubprocess.run(command, shell=wanted)",
    "a shell as a program": 'import subprocess\nsubprocess.run(["sh", "-c", command])',
    "a shell by its place": 'import subprocess\nsubprocess.run(("/usr/bin/bash", "-c", command))',
    "a shell in a program's place": 'import os\nos.execvp("env", ["env", "dash", "-c", command])',
    "a shell's command": 'import shlex\nshlex.split(f"sh -c {command}")',
    "any object of YAML, by its function": "from yaml import load\nload(text)",
    "any object of YAML, loaded so": "from yaml import load, Loader\nload(text, Loader)",
    "any object of YAML, by the loader itself": "from yaml import UnsafeLoader as Safe",
    "an expression": "eval(text)",
    "a program": "exec(text)",
    "an archive": "import tarfile",
    "an archive in passing": "import shutil\nshutil.unpack_archive(file)",
    "an archive's own way": "archive.extractall(folder)",
    "a model that is a program": "import keras\nkeras.models.load_model(path)",
    "a model of any kind": "import mlflow\nmlflow.pyfunc.load_model(uri)",
    "a server that is not checked": "import requests\nrequests.get(url, verify=False)",
}


@pytest.mark.guarantee(
    "security",
    fault="bytes, words or an archive from outside reach any code of ours",
    promise="nothing that is shipped reads pickles, starts a shell, evaluates text or unpacks",
    seen="tests/faults/security/dangers.py, over every module",
)
def test_nothing_that_is_shipped_is_dangerous() -> None:
    files = production()
    assert len(files) > 300
    found = [
        f"{file.relative_to(ROOT)}:{what}"
        for file in files
        for what in dangers(file.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("what", PLANTED)
def test_each_danger_is_found(what: str) -> None:
    assert [*dangers(PLANTED[what])], what


@pytest.mark.parametrize(
    "text",
    [
        "import re\nre.compile(text)",
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)\nyaml.safe_load(text)",
        "from yaml import SafeLoader, load\nload(text, Loader=SafeLoader)",
        "from re import compile\ncompile(text)",
        "import subprocess\nsubprocess.run(['git', text], shell=False)",
        "import numpy as np\nnp.load(file, allow_pickle=False)",
    ],
)
def test_what_is_harmless_is_let_alone(text: str) -> None:
    assert [*dangers(text)] == []
