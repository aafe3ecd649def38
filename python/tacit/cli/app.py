"""The commands' table, and the one place where exceptions become exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from tacit import console
from tacit.cli import checking, commit, compiling, data, failures, inspecting, lineage, proving, running, training

app = typer.Typer(
    name="tacit",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("compile")(compiling.compile_model)
app.add_typer(commit.app, name="commit")
app.add_typer(data.app, name="data")
app.add_typer(training.app, name="train")
app.add_typer(lineage.app, name="lineage")
app.command("run")(running.run)
app.command("evaluate")(running.evaluate)
app.command("prove")(proving.prove)
app.command("verify")(proving.verify)
app.command("check")(checking.check)
app.command("inspect")(inspecting.inspect)
app.command("demo")(proving.demo)


def _version(wanted: bool) -> None:
    if wanted:
        import tacit

        console.stdout().print(f"tacit {tacit.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version, and leave.")
    ] = False,
) -> None:
    """Prove what a neural network answered, and nothing else."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; no exception leaves it."""
    as_json = "--json" in arguments
    try:
        code = app(list(arguments) or ["--help"], prog_name="tacit", standalone_mode=False)
    except SystemExit as leave:  # the parser's way with a closed pipe: whoever read our output has seen enough
        return failures.USER if leave.code else 0
    except BaseException as error:  # a panic of the native module is a BaseException, and a bug
        return failures.report(error, as_json=as_json)
    if code == failures.INTERRUPTED:  # the parser has turned the interrupt into its exit code
        return failures.report(KeyboardInterrupt(), as_json=as_json)
    return failures.USER if code else 0


def main() -> None:
    """The entry point of the `tacit` command."""
    sys.exit(run(sys.argv[1:]))
