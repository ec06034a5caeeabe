"""Whether the API is alive and can answer; open to everybody, and says no more than that."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.engine import Connection

from core.errors import TripoError
from serving.api.callers import Found
from serving.api.platform import Platform
from serving.schemas import Closed
from store.db import read

router = APIRouter(tags=["health"])


class HealthOut(Closed):
    """``ok``, or which part is away."""

    status: str
    store: bool
    release: str | None


@router.get("/health/live")
def live() -> HealthOut:
    """The process answers."""
    return HealthOut(status="ok", store=True, release=None)


@router.get("/health", responses={503: {"model": HealthOut}})
@router.get("/health/ready", responses={503: {"model": HealthOut}})
def ready(found: Found) -> JSONResponse:
    """The store answers and a support release serves; 503 otherwise."""
    state = HealthOut(status="ok", store=_answers(found), release=_release(found))
    if not state.store or state.release is None:
        state = state.model_copy(update={"status": "not ready"})
    return JSONResponse(state.model_dump(), 200 if state.status == "ok" else 503)


def _answers(found: Platform) -> bool:
    def work(connection: Connection) -> None:
        connection.execute(select(1))

    try:
        read(found.engine, work)
    except TripoError:
        return False
    return True


def _release(found: Platform) -> str | None:
    try:
        return found.current("support").release_id
    except TripoError:
        return None
