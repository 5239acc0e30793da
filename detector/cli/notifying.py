"""detector notify."""

from pathlib import Path

import click

from detector.cli.options import FAILED, config_option, say
from detector.errors import UsageError

__all__ = ["notify"]


@click.command()
@click.argument("team")
@click.option("--test", "is_test", is_flag=True, help="Send the test message.")
@config_option
def notify(team: str, config: Path, *, is_test: bool) -> int:
    """Send a test message to every channel of TEAM."""
    from detector.app import load_settings_of, send_test, system_clock

    settings = load_settings_of(config)
    if team not in settings.teams:
        raise UsageError(f"{team!r} is no team of {config}; there are: {', '.join(sorted(settings.teams))}")
    if not is_test:
        raise UsageError(f"say what to send: detector notify {team} --test")
    results = send_test(settings, team, system_clock().now())
    for position, (channel, result) in enumerate(zip(settings.teams[team].notify, results, strict=True), start=1):
        say(f"channel {position} ({channel}): {'sent' if result.ok else result.error}", error=not result.ok)
    return 0 if all(result.ok for result in results) else FAILED
