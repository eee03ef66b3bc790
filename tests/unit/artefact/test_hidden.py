"""TensorFlow comes without Keras, and Keras without scikit-learn, to who does not ask for them."""

import subprocess
import sys


def said(program: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True
    )
    return ended.stdout.split()


def test_a_process_that_scores_has_no_keras() -> None:
    program = (
        "import sys; from evermodel.artefact.tensorflow import start_tensorflow\n"
        "start_tensorflow(threads=1)\n"
        "print('keras' in sys.modules, 'sklearn' in sys.modules)"
    )
    assert said(program) == ["False", "False"]


def test_a_process_that_trains_has_keras_and_no_scikit_learn_until_it_imports_it() -> None:
    program = (
        "import sys; from evermodel.artefact.tensorflow import start_tensorflow\n"
        "from evermodel.trainer.child.network import import_keras\n"
        "start_tensorflow(threads=1)\n"
        "print(import_keras().layers.Dense.__name__, 'sklearn' in sys.modules)\n"
        "import sklearn; print(sklearn.__name__)"
    )
    assert said(program) == ["Dense", "False", "sklearn"]


def test_what_is_imported_already_is_not_hidden() -> None:
    program = (
        "import json; from evermodel.artefact.hidden import hidden\n"
        "with hidden('json'): import json as again; print(again is json)\n"
        "print(json.loads('1'))"
    )
    assert said(program) == ["True", "1"]


def test_what_was_hidden_is_found_when_the_block_failed_as_well() -> None:
    program = (
        "from evermodel.artefact.hidden import hidden\n"
        "try:\n"
        " with hidden('colorsys'): import colorsys\n"
        "except ImportError: print('hidden')\n"
        "import colorsys; print(colorsys.__name__)"
    )
    assert said(program) == ["hidden", "colorsys"]
