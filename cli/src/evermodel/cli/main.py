"""The `evermodel` command: its subcommands, and what becomes of their errors.

Owns the exit codes. Must never show a traceback, and never import a heavy library before a
command needs it: ``evermodel --help`` answers within half a second.
"""

import sys
from io import TextIOWrapper

import typer

from evermodel.cli import acting, inspecting, playing, running, topic_commands
from evermodel.cli.errors import CommandError, Exit
from evermodel.common.kernel.visible import visible

app = typer.Typer(
    name="evermodel",
    help="Keep a fraud model alive in production.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (running, inspecting, topic_commands, acting, playing):
    part.register(app)


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):  # None where it was closed
        if isinstance(stream, TextIOWrapper):  # what it has no letters for is spelled out
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run `arguments`; return the exit code, the sentence of an error already on stderr."""
    try:
        result = app(args=arguments, prog_name="evermodel", standalone_mode=False)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BaseException as error:
        if isinstance(error.__context__, BrokenPipeError) and isinstance(error, SystemExit):
            return Exit.DONE  # the reader of our output has seen enough: typer ends us with 1
        code = _explain(error)
        if code is None:
            raise
        return code
    return int(result) if isinstance(result, int) else Exit.DONE


def _explain(error: BaseException) -> int | None:
    """Say `error` in one sentence on stderr; return its exit code, None to let it pass."""
    from evermodel.cli.reasons import code_of, sentence  # noqa: PLC0415  # only when one is needed

    if isinstance(error, SystemExit | GeneratorExit):
        return None
    code = error.code if isinstance(error, CommandError) else code_of(error)
    text = sentence(error)
    if text:
        typer.echo(f"evermodel: {visible(text, lines=True)}", err=True)
    return code
