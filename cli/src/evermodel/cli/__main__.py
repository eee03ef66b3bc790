"""``python -m evermodel.cli``: the same as ``evermodel``."""

from evermodel.cli.main import main

main()
