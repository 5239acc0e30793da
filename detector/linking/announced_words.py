"""What other systems call statuses, kinds and environments."""

from collections.abc import Mapping

from detector.model.deploy import DeployKind, DeployStatus
from detector.model.feed import IGNORE

__all__ = ["is_production", "kind_word", "status_word"]

_STATUS_WORDS = {
    DeployStatus.SUCCESS: "success succeeded successful ok done complete completed finished passed deployed live",
    DeployStatus.FAILURE: "failure failed fail error errored",
    DeployStatus.CANCELLED: "cancelled canceled aborted stopped",
    DeployStatus.IN_PROGRESS: "in_progress running started progressing deploying",
}
_KIND_WORDS = {
    DeployKind.DEPLOY: "deploy deployment release",
    DeployKind.ROLLBACK: "rollback revert",
    DeployKind.FLAG: "flag feature_flag",
    DeployKind.CONFIG: "config configuration",
    DeployKind.MIGRATION: "migration",
}
_STATUSES = {word: status for status, words in _STATUS_WORDS.items() for word in words.split()}
_KINDS = {word: kind for kind, words in _KIND_WORDS.items() for word in words.split()}
_PRODUCTION = frozenset({"production", "prod", "prd", "live"})


def status_word(word: str, own: Mapping[str, str]) -> str | None:
    """A `DeployStatus` or `IGNORE`, by the feed's own list first; None for a word that nobody has explained."""
    meant = _meant(word, own)
    return IGNORE if meant == IGNORE else _STATUSES.get(meant)


def kind_word(word: str, own: Mapping[str, str]) -> DeployKind | None:
    """The same for what sort of change it is."""
    return _KINDS.get(_meant(word, own))


def is_production(word: str) -> bool:
    """Whether it is one of the names by which everybody calls production."""
    return word.casefold() in _PRODUCTION


def _meant(word: str, own: Mapping[str, str]) -> str:
    if word in own:
        return own[word]
    spelled = word.casefold().replace("-", "_").replace(" ", "_")
    return {theirs.casefold(): ours for theirs, ours in own.items()}.get(word.casefold(), spelled)
