"""The composition root: the one package that names concrete adapters."""

from detector.app.composing import (
    App,
    check_live,
    load_book,
    load_settings_of,
    open_app,
    open_store_of,
    send_test,
    system_clock,
)

__all__ = [
    "App",
    "check_live",
    "load_book",
    "load_settings_of",
    "open_app",
    "open_store_of",
    "send_test",
    "system_clock",
]
