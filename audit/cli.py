"""The command line: a table of command names, each imported only when it is called."""

from __future__ import annotations

import io
import os
import sys
import traceback
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TextIO

import click

from audit.address import remember, without_passwords
from audit.errors import AssayError, OutputError

COMMANDS = {
    "audit": ("audit.commands.audit:command", "Look for what is wrong with a dataset and write a report."),
    "merge": ("audit.commands.merge:command", "Put together what several owners hand over of rows they do not share."),
    "gate": ("audit.commands.gate:command", "Decide whether a dataset is fit to train on: exit code 0, 1, 2 or 3."),
    "report": ("audit.commands.report:command", "Show again what an audit found; write Great Expectations' Data Docs."),
    "review": ("audit.commands.review:command", "Settle doubtful labels in a browser, one key a row."),
    "suite": ("audit.commands.suite:command", "Write a first suite from data; check, import and export suites."),
    "selftest": (
        "audit.commands.selftest:command",
        "Put known faults into copies of a dataset: does the gate stop them?",
    ),
    "diff": ("audit.commands.diff:command", "Say what changed between two datasets: rows, labels, issues, drift."),
    "config": ("audit.commands.config:command", "Show how this working directory sets assay up."),
    "clean": ("audit.commands.clean:command", "Write a repaired dataset beside a patch that undoes it."),
    "restore": ("audit.commands.restore:command", "Undo a repair: give back the dataset as it was."),
    "probabilities": (
        "train.commands.probabilities:command",
        "Predict every row by a model trained without it, for the audit.",
    ),
    "compare": ("train.commands.compare:command", "Train on raw and repaired data and say what the repair is worth."),
    "advise": (
        "train.commands.advise:command",
        "Say where the next money should go: review, collect, augment, grow or stop.",
    ),
    "demo": ("train.commands.demo:command", "Do all of it on digits with planted, known faults."),
}

UNDECIDED, INTERRUPTED = 3, 130


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names, in the order in which one works."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Import the named command; None if there is none."""
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name][0].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the near match offered for a name that is none."""
        import difflib

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"no command {args[0]!r}; there is {', '.join(COMMANDS)}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="assay", prog_name="assay")
def cli() -> None:
    """Assay a labelled dataset before you train on it: audit, gate, repair, and prove what the repair is worth."""


@dataclass(frozen=True)
class Unheard:
    """A stream whose reader may leave: what is decided does not depend on who reads it, and so nor does the exit code."""

    stream: TextIO
    answers: bool
    """Whether it must be said where no room is left for what is written: an answer that is lost is none. What cannot
    be written of an error is lost, and the exit code tells."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write, to nowhere once the pipe is closed."""
        try:  # click writes nothing to see what stream this is, and would swallow that there is no room for it
            return 0 if text == "" else self.stream.write(text)
        except OSError as refused:
            self._give_up(refused)
            return len(text)

    def flush(self) -> None:
        """Flush, to nowhere once the pipe is closed."""
        try:
            self.stream.flush()
        except OSError as refused:
            self._give_up(refused)

    def _give_up(self, refused: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())  # what is still in the stream's buffer goes there too
        os.close(nowhere)
        if self.answers and not isinstance(refused, BrokenPipeError):
            raise OutputError(f"standard output: cannot write: {refused.strerror}")


def _streams() -> tuple[Unheard, Unheard]:
    """Standard output and error. Where the shell closed one (`>&-`), what is written goes to nowhere, and not into the
    next file that is opened, which would get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    out, err = (stream or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w") for stream in (sys.stdout, sys.stderr))
    return Unheard(out, answers=True), Unheard(err, answers=False)


def main() -> None:
    """Run the command line and exit: 0 done or passed, 1 gate failed, 2 usage or unreadable input, 3 undecided
    or a defect, whose traceback is printed."""
    sys.stdout, sys.stderr = _streams()
    try:
        code = run(sys.argv[1:])
    except Exception:  # a defect decides nothing, and Python's own exit code for one is that of unfit data
        click.echo(without_passwords(traceback.format_exc()), err=True)
        code = UNDECIDED
    sys.exit(code)


def run(args: list[str]) -> int:
    """Run the command line and return its exit code; an expected failure is one line on stderr."""
    remember(*args)
    try:
        code = cli.main(args=args, prog_name="assay", standalone_mode=False)
    except AssayError as wrong:
        click.echo(f"error: {_one_line(wrong)}", err=True)
        return wrong.exit_code
    except SystemExit:  # click's own answer to a pipe that is closed is 1, which is that of unfit data
        return UNDECIDED
    except click.Abort:
        click.echo("interrupted; nothing was left half-written", err=True)
        return INTERRUPTED
    except click.ClickException as misuse:
        shown = io.StringIO()
        misuse.show(file=shown)
        click.echo(without_passwords(shown.getvalue()), err=True, nl=False)  # it may quote what was typed
        return misuse.exit_code
    return code if isinstance(code, int) else 0


def _one_line(wrong: AssayError) -> str:
    """The message without line breaks or terminal escape codes that the data may have brought in, and no password."""
    return "".join(c if c.isprintable() else " " for c in without_passwords(str(wrong)))


if __name__ == "__main__":
    main()
