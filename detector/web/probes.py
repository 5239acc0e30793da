"""What Kubernetes, Docker and Prometheus ask; needs no token."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from detector.web.answers import answer
from detector.web.desk import Desk
from detector.web.refusals import Responses
from detector.web.threads import Turns

__all__ = ["HealthView", "probe_routes"]

_TURNS = 4


class HealthView(BaseModel):
    """How the daemon is."""

    is_alive: bool
    is_ready: bool
    ticked_at: datetime | None = Field(description="When a tick last came to its end; null: never.")
    why_not: list[str] = Field(description="What keeps it from being ready; empty when nothing does.")


def probe_routes(desk: Desk) -> APIRouter:
    router, turns = APIRouter(tags=["probes"]), Turns(_TURNS, "probe")
    unwell: Responses = {503: {"model": HealthView, "description": "It is not."}}

    async def health() -> HealthView:
        found = await turns.take(desk.health)
        return HealthView(
            is_alive=found.is_alive, is_ready=found.is_ready, ticked_at=found.ticked_at, why_not=list(found.why_not)
        )

    @router.get("/healthz", summary="Is the scheduler alive?", response_model=HealthView, responses=unwell)
    async def healthz() -> Response:
        view = await health()
        return answer(view, 200 if view.is_alive else 503)

    @router.get("/readyz", summary="Does this daemon do its work?", response_model=HealthView, responses=unwell)
    async def readyz() -> Response:
        view = await health()
        return answer(view, 200 if view.is_ready else 503)

    text: Responses = {
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "For Prometheus."}
    }

    @router.get("/metrics", summary="The detector's own metrics", response_class=Response, responses=text)
    async def metrics() -> Response:
        rendered, content_type = await turns.take(desk.render_metrics)
        return Response(rendered, media_type=content_type)

    return router
