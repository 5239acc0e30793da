"""The whole of what is served: probes, the API and the feeds, behind token, pace and size."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.responses import Response

from detector import __version__
from detector.web.answers import Refused, refuse
from detector.web.asked import DeploysAsked, IncidentsAsked
from detector.web.desk import Desk
from detector.web.faults import unfit
from detector.web.feed_routes import feed_routes
from detector.web.gate import BodyLimit, BodyRules, Gate
from detector.web.probes import probe_routes
from detector.web.recording import Pace
from detector.web.routes import api_routes
from detector.web.said import Batch, DeploySaid
from detector.web.shield import Shield
from detector.web.threads import Turns

__all__ = ["make_application"]

_ASKED: dict[str, type[BaseModel]] = {"/api/v1/deploys": DeploysAsked, "/api/v1/incidents": IncidentsAsked}


def make_application(desk: Desk, body_rules: BodyRules | None = None) -> FastAPI:
    """One application for one daemon; what a reload changes it asks the desk for."""
    app = FastAPI(
        title="detector",
        version=__version__,
        summary="Deploys in; metrics, incidents and suspects out.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    writing, pace = Turns(1, "writing"), Pace.usual()  # one writer: a flood of reports must not queue before a tick
    app.include_router(probe_routes(desk))
    app.include_router(api_routes(desk, writing, pace))
    app.include_router(feed_routes(desk, writing, pace))
    app.add_middleware(BodyLimit, rules=body_rules or BodyRules())  # the last one added is the outermost
    app.add_middleware(Gate, desk=desk)
    app.add_middleware(Shield, desk=desk)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _http)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for these
    return refuse(error)


async def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these
    found = [{**one, "loc": one["loc"][1:]} for one in error.errors()]  # without `query` or `path`
    asked = _ASKED.get(request.url.path)
    return refuse(unfit(found, asked.model_fields if asked else ()))


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
    texts = {404: "There is nothing here; see /api/v1/openapi.json", 405: "This cannot be done here"}
    return refuse(Refused(error.status_code, texts.get(error.status_code, str(error.detail)), headers=error.headers))


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        _, said = models_json_schema(
            [(DeploySaid, "validation"), (Batch, "validation")], ref_template="#/components/schemas/{model}"
        )
        document["components"]["schemas"].update(said["$defs"])
        app.openapi_schema = document
    return app.openapi_schema
