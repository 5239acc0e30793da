"""What is answered where something cannot be done, and with which headers."""

import math
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field
from starlette.responses import Response

__all__ = ["HEADERS", "Fault", "Refusal", "Refused", "answer", "needs_token", "refuse", "wait"]

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
"""On every answer. Nothing here is a page: nothing in it may be loaded, run, framed or kept."""


class Fault(BaseModel):
    """One field that cannot be."""

    field: str = Field(description="Where it stands, such as `deploys[3].url`.")
    text: str = Field(description="What is wrong, and what to send instead.")


class Refusal(BaseModel):
    """Why nothing was done."""

    text: str = Field(description="One sentence for people.")
    faults: list[Fault] = Field(default=[], description="Field by field, where the content is at fault.")


class Refused(Exception):
    """Ends a request with a status and a text; holds nothing that the client may not read."""

    def __init__(
        self, status: int, text: str, *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status, self.text, self.faults, self.headers = status, text, list(faults), dict(headers or {})


def answer(content: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON; numbers that are none become null, times are ISO 8601 in UTC."""
    return Response(content.model_dump_json(), status, headers, "application/json")


def refuse(why: Refused) -> Response:
    return answer(Refusal(text=why.text, faults=why.faults), why.status, why.headers)


def wait(seconds: float, text: str) -> Refused:
    return Refused(429, text, headers={"Retry-After": str(max(1, math.ceil(seconds)))})


def needs_token() -> Refused:
    text = (
        "This needs a token: send `Authorization: Bearer TOKEN`, with one that stands in detector.yml at http: tokens:"
    )
    return Refused(401, text, headers={"WWW-Authenticate": "Bearer"})
