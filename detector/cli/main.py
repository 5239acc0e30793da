"""The group of all commands, and the one place where errors become exit codes."""

import sys

import click

from detector import __version__
from detector.errors import ConfigError, DetectorError, UsageError

__all__ = ["main"]

COMMANDS = {
    "check": "rules",
    "demo": "demonstrating",
    "deploy": "deploys",
    "explain": "explain",
    "incident": "incidents",
    "init": "rules",
    "notify": "notifying",
    "run": "ticking",
    "schema": "rules",
    "score": "scoring",
    "status": "status",
    "store": "store",
    "suspects": "suspects",
    "tick": "ticking",
}
"""Command -> module of this package; a module is imported when one of its commands is called."""

WRONG_CALL, FAILED, INTERRUPTED = 2, 1, 130


class LazyGroup(click.Group):
    """Knows its commands by name, and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module = import_module(f"detector.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from their one-line texts, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(SHORT_HELP.items()))


SHORT_HELP = {
    "check": "Load every file and resolve every name; --live also asks the sources.",
    "demo": "A shop that sells, a deploy that breaks it, and the alert.",
    "deploy": "Report deploys, and list them.",
    "explain": "What each suspect of an incident was weighed by.",
    "incident": "List, show, acknowledge and close incidents.",
    "init": "Write a commented detector.yml and a first rule file.",
    "notify": "Send a test message to a team.",
    "run": "The daemon: a tick a minute, until it is told to stop.",
    "schema": "The JSON Schema of both files.",
    "score": "Judge series in CSV files, without a configuration.",
    "status": "What each metric, source and channel is doing.",
    "store": "Back up the detector's own memory.",
    "suspects": "Name the suspect deploys of cases in JSON files, without a configuration.",
    "tick": "One evaluation of everything that is due.",
}


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="detector")
def detector() -> None:
    """Watches business metrics, names the suspect deploy, and tells the team that owns the metric."""


def main() -> None:
    """Run the command line; exit code 0, 1 (something was found or failed) or 2 (wrong call or detector.yml)."""
    try:
        code = detector.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = WRONG_CALL
    except (ConfigError, UsageError) as error:
        click.echo(str(error), err=True)
        code = WRONG_CALL
    except DetectorError as error:
        click.echo(str(error), err=True)
        code = FAILED
    sys.exit(code if isinstance(code, int) else 0)
