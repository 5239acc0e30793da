"""The way from any revision of the tables to the newest, by Alembic; imported only where there is a way to go."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["configuration", "migrate"]


def configuration(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Inside the caller's transaction: all of it or nothing."""
    command.upgrade(configuration(connection), "head")
