"""What each status means, for the OpenAPI document."""

from typing import Any

from detector.web.answers import Refusal

__all__ = ["Responses", "refusals"]

Responses = dict[int | str, dict[str, Any]]

_MEANING = {
    400: "The body is no JSON.",
    401: "No token, or not one that is known.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "What is known differs; it stays.",
    413: "The body is larger than 64 KiB.",
    415: "The body is no JSON by its Content-Type, or compressed.",
    422: "A field cannot be; nothing was done.",
    429: "Too much; Retry-After says when there is room again.",
    500: "An error of the detector; its log says more.",
    503: "The store cannot be used now; try again.",
}


def refusals(*codes: int) -> Responses:
    """Those given, and those that any request with a token may meet."""
    return {code: {"model": Refusal, "description": _MEANING[code]} for code in (401, *codes, 429, 500, 503)}
