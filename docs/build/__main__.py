"""Write every generated file, or with ``--check`` name those that are stale and exit 1."""

import sys
from collections.abc import Mapping
from pathlib import Path

from docs.build import access, asyncapi, events, guarantees, metrics, model, schemas, settings

ROOT = Path(__file__).resolve().parents[2]


def generated() -> Mapping[Path, str]:
    """Return the text of every generated file by its path from the root."""
    return {
        Path("docs/access.md"): access.page(),
        Path("docs/events.md"): events.page(),
        Path("docs/guarantees.md"): guarantees.page(),
        Path("docs/asyncapi.yaml"): asyncapi.document(),
        Path("docs/model-description.md"): model.page(),
        Path("docs/metrics.md"): metrics.page(),
        Path("docs/settings.md"): settings.page(),
        **schemas.files(),
    }


def stale(root: Path = ROOT) -> list[Path]:
    """Return the generated files under `root` that differ from what the code says."""
    return [
        path
        for path, text in generated().items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Run the command."""
    behind = stale()
    if "--check" in arguments:
        for path in behind:
            sys.stderr.write(f"{path} is stale: run 'make docs'\n")
        return 1 if behind else 0
    for path, text in generated().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
