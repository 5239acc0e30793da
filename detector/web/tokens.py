"""Who may ask."""

import hashlib
import hmac
from collections.abc import Iterable

from detector.model.secret import Secret

__all__ = ["known_token"]


def known_token(headers: Iterable[tuple[bytes, bytes]], tokens: Iterable[Secret]) -> str | None:
    """The digest of the token that a request shows, if it is one of those; None otherwise.

    Digests are compared, of bytes, and all of them, so that the time it takes tells neither length nor likeness.
    """
    said = [value for name, value in headers if name == b"authorization"]
    scheme, _, shown = said[0].partition(b" ") if len(said) == 1 else (b"", b"", b"")
    digest = hashlib.sha256(shown.strip()).digest()
    same = [hmac.compare_digest(digest, hashlib.sha256(token.hidden.encode()).digest()) for token in tokens]
    is_known = any(same) and scheme.lower() == b"bearer" and bool(shown.strip())
    return digest.hex() if is_known else None
