"""From what apprise says and what was seen on the wire to what became of a message."""

import re
from collections.abc import Sequence

from apprise.result import AppriseResult, AppriseResultStatus

from detector.adapters.notify.destinations import scheme_of, scrubbed
from detector.adapters.notify.http_watch import Exchange
from detector.alerting.inert import inert
from detector.model.notification import SendResult

__all__ = ["result_of"]

_GONE = frozenset({404, 410})  # other refusals may be repaired while we go on trying

# How plugins that speak something else than HTTP say that nothing was handed over; the first one is that of mail.
_NOT_BEGUN = re.compile(
    r"Connection error while submitting|refused|not known|unreachable|no route|authenticat|certificate", re.IGNORECASE
)


def result_of(result: AppriseResult, exchanges: Sequence[Exchange], url: str) -> SendResult:
    """What one attempt came to."""
    if result.status is AppriseResultStatus.SUCCESS:
        return SendResult(ok=True)
    if result.status is AppriseResultStatus.NOMATCH:
        return SendResult(ok=False, permanent=True, error=f"{scheme_of(url)}: apprise found no destination")
    return _failure(exchanges, result, url)


def _failure(exchanges: Sequence[Exchange], result: AppriseResult, url: str) -> SendResult:
    if not exchanges:
        return _failure_without_http(result, url)
    bad = [exchange for exchange in exchanges if not exchange.is_taken]
    taken = [exchange for exchange in exchanges if exchange.is_taken and exchange.is_write]
    # One URL may name several rooms; some may have the message while others have not.
    is_partly_sent = bool(taken) and (bool(bad) or len(taken) > 1)
    worst = bad[-1] if bad else exchanges[-1]
    return SendResult(
        ok=False,
        fate_unknown=is_partly_sent or any(exchange.is_unknown for exchange in exchanges),
        permanent=worst.status in _GONE,
        retry_after_s=max((e.retry_after_s for e in bad if e.retry_after_s is not None), default=None),
        error=inert(_in_words(worst, result, url)),
    )


def _failure_without_http(result: AppriseResult, url: str) -> SendResult:
    told = _warning(result)
    return SendResult(ok=False, fate_unknown=not _NOT_BEGUN.search(told), error=scrubbed(told, url))


def _warning(result: AppriseResult) -> str:
    warnings = [entry.message for entry in result.logs() if entry.level in {"WARNING", "ERROR", "CRITICAL"}]
    return warnings[-1] if warnings else "no reason was given"


def _in_words(exchange: Exchange, result: AppriseResult, url: str) -> str:
    host = f"{scheme_of(url)} at {exchange.host}"
    if exchange.trouble:
        return f"{host}: {exchange.trouble}"
    if exchange.moved_to:
        return f"{host}: HTTP {exchange.status} to {exchange.moved_to}; redirects are not followed"
    if not exchange.is_taken:
        return f"{host}: HTTP {exchange.status}"
    return f"{host}: answered {exchange.status}, but did not take it: {scrubbed(_warning(result), url)}"
