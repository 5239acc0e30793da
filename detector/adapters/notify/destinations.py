"""From a `notify:` URL to the one destination that it names.

The first call loads all plugins of apprise, about half a second; whoever only reports a deploy does not come here.
"""

import difflib
import logging
import warnings
from functools import lru_cache
from urllib.parse import unquote

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from apprise.manager_plugins import NotificationManager

from detector.adapters.notify.fitting import Room
from detector.alerting.inert import inert

__all__ = ["complaint_about", "destination", "reads_only_markdown", "room_of", "scheme_of", "scrubbed"]

# Apprise warns with parts of addresses and messages. What matters of it is in our results, without secrets.
_log = logging.getLogger("apprise")
_log.addHandler(logging.NullHandler())
_log.propagate = False
_log.setLevel(logging.WARNING)  # below it stand whole addresses, tokens included

# They show the message on the machine that the daemon runs on, where nobody of the team will see it.
_LOCAL = frozenset({"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})

# Addresses as Slack, Discord and others show them to copy; apprise finds out whose they are.
_WEB = frozenset({"http", "https"})

_NO_SERVICE = "{}:// alone is no service; for a plain webhook write json://HOST/PATH or jsons://HOST/PATH"
_SHORTEST_SECRET = 4


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="detector",
        app_desc="detector",
        app_url="",
        async_mode=False,  # in our thread, under our deadline
        service_timeout=0,
        storage_mode="memory",
        http_redirects=False,  # a webhook that moves would take the message, and a 302 a success, elsewhere
        image_url_mask=None,
        image_url_logo=None,
        interpret_emojis=False,
        interpret_escapes=False,
        pgp_autogen=False,
        pem_autogen=False,
        allow_templates=False,
    )


@lru_cache(maxsize=1)
def _known_schemes() -> frozenset[str]:
    """Loads all plugins."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some of the two hundred import what Python is about to drop
        return frozenset(NotificationManager().schemas())  # type: ignore[no-untyped-call]  # untyped in apprise


def scheme_of(url: str) -> str:
    """What stands before `://`; empty without it."""
    scheme, separator, _ = url.strip().partition("://")
    return scheme.lower() if separator else ""


def destination(url: str, timeout_s: float) -> NotifyBase | None:
    """The plugin that sends to this URL, and to nothing else; None where the URL is none that we send to."""
    if scheme_of(url) in _LOCAL or scheme_of(url) not in _known_schemes() | _WEB:
        return None
    plugin = Apprise.instantiate(url.strip(), asset=_asset())
    if not isinstance(plugin, NotifyBase):
        return None
    plugin.retry = 0  # a repeat is the outbox's business: it says that it is one
    options = url.partition("?")[2]
    if "rto=" not in options:
        plugin.socket_read_timeout = timeout_s
    if "cto=" not in options:
        plugin.socket_connect_timeout = timeout_s
    return plugin


def room_of(plugin: NotifyBase) -> Room:
    """How much the plugin's service takes of a plain text."""
    return Room(
        title=int(plugin.title_maxlen),
        body=int(plugin.body_maxlen),
        is_shared=bool(plugin.overflow_amalgamate_title),
        lines=int(plugin.body_max_line_count),
    )


def reads_only_markdown(plugin: NotifyBase) -> bool:
    """The service has no plain text."""
    return bool(plugin.resolve_format(NotifyFormat.TEXT) == NotifyFormat.MARKDOWN)


def complaint_about(url: str) -> str | None:
    """Why nothing can be sent to this URL, without its secrets; None: something can, as far as can be seen."""
    scheme = scheme_of(url)
    if not scheme:
        return "no apprise URL: it should look like slack://… or mailto://… (nothing stands before ://)"
    if scheme in _LOCAL:
        return f"{scheme}:// shows messages on the detector's own machine only; nobody of the team would see them"
    if scheme in _WEB:
        return None if destination(url, 1.0) is not None else _NO_SERVICE.format(scheme)
    if scheme not in _known_schemes():
        near = difflib.get_close_matches(scheme, sorted(_known_schemes()), 1)
        hint = f"; did you mean {near[0]}://?" if near else ""
        return f"{inert(scheme, 40)}:// is no service that apprise knows{hint}"
    if destination(url, 1.0) is None:
        return f"{scheme}://*** is not complete, or not of the form that apprise expects for {scheme}://"
    return None


def scrubbed(text: str, url: str) -> str:
    """The text without anything of the URL but its scheme, as one harmless line."""
    for shown in (url, unquote(url)):
        rest = shown.partition("://")[2]
        for separator in ":/?&=#@,;+":
            rest = rest.replace(separator, " ")
        for secret in sorted(set(rest.split()), key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
    return inert(text)
