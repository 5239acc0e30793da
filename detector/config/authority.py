"""What stands before a database URL's host: whether it can be told from the host, and what of it is secret."""

import re

__all__ = ["STRAY_AT", "has_stray_at", "masked", "secret_parts"]

STRAY_AT = "has more than one @: write %40 for an @ in a user name or password"

_SHORT = 4  # a secret's pieces below this length also occur within harmless words


def has_stray_at(url: str) -> bool:
    """Whether an @ stands behind the one that ends user and password.

    Parsers then take the end of the password for the host, and drivers print hosts. An @ in an option's value is fine.
    """
    place = url.partition("://")[2].partition("@")[2]
    head, _, options = place.partition("?")
    return "@" in head or ("@" in options and "/" not in head)


def secret_parts(url: str) -> frozenset[str]:
    """The password as it is written, and its pieces, for whichever of them a parser took for something else.

    Of a URL with a stray @ nothing tells the user name from the password, so its pieces count too.
    """
    before, at, host = url.partition("://")[2].rpartition("@")
    if not at:
        return frozenset()
    password = before if has_stray_at(url) else before.partition(":")[2]
    pieces = re.split(r"[@:/?#%&=\s]+", password)
    if has_stray_at(url):
        pieces.append(f"{before.rpartition('@')[2]}@{re.split('[:/?#]', host)[0]}")
    return frozenset(part for part in (password, *pieces) if part)


def masked(text: str, secrets: frozenset[str]) -> str:
    """The text without the secrets; short ones are looked for as whole words, lest every `a` of a sentence go."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < _SHORT and secret.isalnum():
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
        else:
            text = text.replace(secret, "***")
    return text
