"""detector.yml, loaded: references resolved, names checked, paths absolute."""

import os.path
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from detector.config import addresses
from detector.config.complaints import Complaint, Shape, complaints, empty_values, spelled
from detector.config.feed_forms import feed_complaints
from detector.config.feed_schema import FeedEntry, ValuesEntry
from detector.config.feeds import made_feeds
from detector.config.interpolation import Interpolation, interpolate
from detector.config.known import ChannelCheck, Known
from detector.config.reading import FileReport, read_document
from detector.config.settings_schema import HttpEntry, ServiceEntry, SettingsEntry, SourceEntry, TeamEntry, section
from detector.config.words import shown
from detector.config.yaml_strict import Path as KeyPath
from detector.config.zones import abbreviation_warning
from detector.errors import ConfigError, Fault
from detector.model.rulebook import Http, Service, Settings, Source, Team

__all__ = ["SettingsFile", "known_from", "load_settings", "read_settings"]

_SHAPE: Shape = {
    (): SettingsEntry,
    ("sources", "*"): SourceEntry,
    ("teams", "*"): TeamEntry,
    ("services", "*"): ServiceEntry,
    ("deploy_feeds", "*"): FeedEntry,
    ("deploy_feeds", "*", "values"): ValuesEntry,
    ("http",): HttpEntry,
}
_SECTIONS = frozenset({"sources", "teams", "deploy_feeds"})
_MAY_BE_EMPTY = frozenset({("sources",), ("teams",), ("services",), ("services", "*"), ("deploy_feeds",), ("http",)})


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What was read of detector.yml.

    Attributes:
        settings: None when the file has faults.
        known: the declared names, as far as they can be read; None when nothing can.
        rules: the absolute rules folder.
        timezone: the default for rules.
        faults, warnings: in the order of the file.
    """

    settings: Settings | None
    known: Known | None
    rules: Path
    timezone: str
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def load_settings(path: Path, environ: Mapping[str, str], check_channel: ChannelCheck | None = None) -> Settings:
    """Load detector.yml alone; no rule file is looked at.

    Args:
        path: of detector.yml, as messages shall show it.
        environ: for `${NAME}`.
        check_channel: asked about each channel's URL; returns a complaint or None.

    Raises:
        ConfigError: with every mistake in the file.
    """
    read = read_settings(path, environ, check_channel)
    if read.settings is None:
        raise ConfigError(read.faults)
    return read.settings


def read_settings(path: Path, environ: Mapping[str, str], check_channel: ChannelCheck | None = None) -> SettingsFile:
    """Read detector.yml as far as that is possible; never raises for what stands in it."""
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 - Path.absolute() would keep `..`
    if _is_missing(path):
        fault = Fault(str(path), 0, 0, "no such file; run `detector init`, or name it with -c or $DETECTOR_CONFIG")
        return SettingsFile(None, None, folder, "UTC", (fault,), ())
    report = FileReport(str(path), read_document(path))
    if not report.document.is_readable:
        return SettingsFile(None, None, folder, "UTC", tuple(report.faults), ())
    written = report.document.value if report.document.value is not None else {}
    how = Interpolation(folder, environ)
    value = interpolate(written, how)
    report.complain_all(Complaint(where, f"{spelled(where)}{why}") for where, why in how.faults)
    report.complain_all(empty_values(value, _MAY_BE_EMPTY))
    known = _known(value, folder, check_channel)
    entry = _validated(value, known, report)
    for where, message in [*how.warnings, *_warnings(written, entry)]:
        report.warn(where, message)
    is_good = entry is not None and not report.faults
    return SettingsFile(
        settings=_settings(entry, path, folder, report, how) if entry is not None and is_good else None,
        known=known,
        rules=_rules_folder(entry, value, folder),
        timezone=entry.timezone if entry is not None else "UTC",
        faults=tuple(sorted(report.faults)),
        warnings=tuple(sorted(report.warnings)),
    )


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):  # there may be one: reading it says what is wrong
        return False
    return False


def known_from(settings: Settings) -> Known:
    """The names that settings declare."""
    return Known(
        folder=settings.path.parent,
        sources={name: addresses.dialect_of(source.url.hidden) for name, source in settings.sources.items()},
        teams=frozenset(settings.teams),
        services={name: service.team for name, service in settings.services.items()},
    )


def _known(value: object, folder: Path, check_channel: ChannelCheck | None) -> Known:
    sources = {name: _dialect(entry) for name, entry in section(value, "sources").items()}
    services = {name: section(value, "services")[name] for name in section(value, "services")}
    return Known(
        folder=folder,
        sources=sources,
        teams=frozenset(section(value, "teams")),
        services={name: _team_of(entry) for name, entry in services.items()},
        check_channel=check_channel,
    )


def _dialect(entry: object) -> str | None:
    url = entry.get("url") if isinstance(entry, dict) else None
    return addresses.dialect_of(url) if isinstance(url, str) else None


def _team_of(entry: object) -> str | None:
    team = entry.get("team") if isinstance(entry, dict) else None
    return team if isinstance(team, str) else None


def _validated(value: object, known: Known, report: FileReport) -> SettingsEntry | None:
    entry: SettingsEntry | None = None
    try:
        entry = SettingsEntry.model_validate(value, context=known)
    except ValidationError as error:
        report.complain_all(complaints(error, _SHAPE))
    for name, service in section(value, "services").items():
        needs = service.get("depends_on") if isinstance(service, dict) else None
        if isinstance(needs, list) and name in needs:
            place: KeyPath = ("services", name, "depends_on", needs.index(name))
            report.complain(Complaint(place, f"service {shown(name)} cannot depend on itself"))
    for name, feed in section(value, "deploy_feeds").items():
        if isinstance(feed, dict):
            report.complain_all(feed_complaints(name, feed, known.services, ("deploy_feeds", name)))
    return entry


def _warnings(written: object, entry: SettingsEntry | None) -> Iterator[tuple[KeyPath, str]]:
    """What stands in the file and is legal, but will bite somebody."""
    for name, source in section(written, "sources").items():
        yield from _literal(source, "url", ("sources", name), is_database=True)
        yield from _abbreviation(source, ("sources", name))
    yield from _literal(written, "store", (), is_database=True)
    yield from _abbreviation(written, ())
    for name, team in section(written, "teams").items():
        yield from _literal(team, "notify", ("teams", name), is_database=False)
    for name, feed in section(written, "deploy_feeds").items():
        yield from _literal(feed, "secrets", ("deploy_feeds", name), is_database=False)
    yield from _literal(section(written, "http"), "tokens", ("http",), is_database=False)
    yield from _literal(written, "ping", (), is_database=False)
    if entry is not None and entry.teams and entry.admins is None:
        yield (), "no `admins:`: nobody is told when the detector itself is in trouble"


def _literal(entry: object, key: str, at: KeyPath, *, is_database: bool) -> Iterator[tuple[KeyPath, str]]:
    """A secret that stands in the file itself, and how to move it out."""
    found = entry.get(key) if isinstance(entry, dict) else None
    for index, raw in enumerate(found if isinstance(found, list) else [found]):
        if isinstance(raw, str) and addresses.has_literal_secret(raw, is_database=is_database):
            path: KeyPath = (*at, key, index) if isinstance(found, list) else (*at, key)
            variable = "_".join([str(part) for part in (*at, key) if part not in _SECTIONS]).upper()
            safe = "".join(char if char.isascii() and char.isalnum() else "_" for char in variable)
            message = "a secret stands in the file: move it to an environment variable or a file, and write "
            yield path, f"{key}: {message}${{{safe}}} or ${{file:PATH}}"


def _abbreviation(entry: object, at: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    zone = entry.get("timezone") if isinstance(entry, dict) else None
    if isinstance(zone, str) and (warning := abbreviation_warning(zone)) is not None:
        yield (*at, "timezone"), f"timezone: {warning}"


def _rules_folder(entry: SettingsEntry | None, value: object, folder: Path) -> Path:
    written = entry.rules if entry is not None else value.get("rules") if isinstance(value, dict) else None
    return Path(os.path.normpath(folder / (written if isinstance(written, str) else "rules")))


def _settings(entry: SettingsEntry, path: Path, folder: Path, report: FileReport, how: Interpolation) -> Settings:
    default_store = addresses.database("sqlite:///detector.db", addresses.STORES, folder)
    sources = {
        name: Source(name, source.url, float(source.timeout), source.timezone, _place(report, path, name))
        for name, source in entry.sources.items()
    }
    return Settings(
        path=folder / path.name,
        store=entry.store or default_store,
        timezone=entry.timezone,
        rules=_rules_folder(entry, None, folder),
        sources=sources,
        teams={name: Team(name, tuple(team.notify)) for name, team in entry.teams.items()},
        services={
            name: Service(name, service.team, tuple(service.depends_on)) for name, service in entry.services.items()
        },
        admins=entry.admins,
        http=Http(entry.http.listen, entry.http.url, tuple(entry.http.tokens)),
        keep_s=float(entry.keep),
        ping=entry.ping,
        feeds=made_feeds(entry.deploy_feeds, sources, entry.timezone),
        secret_files=tuple(dict.fromkeys(how.files)),
    )


def _place(report: FileReport, path: Path, source: str) -> str:
    return f"{path.name}:{report.document.key_place(('sources', source)).line}"
