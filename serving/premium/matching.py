"""Endpoint of the matcher, for services: a batch in, assignments and explanations out."""

from typing import Annotated

from fastapi import APIRouter, Depends

from core.enums import Role
from serving.api.callers import Found, only
from serving.api.identity import Caller
from serving.api.problems import documented
from serving.premium import batch
from serving.schemas import MatchIn, MatchOut

router = APIRouter(tags=["premium matching"], responses=documented(401, 403, 422, 429, 503))
Systems = Annotated[Caller, Depends(only(Role.SERVICE, Role.ADMIN))]


@router.post("/match")
def match(given: MatchIn, _who: Systems, found: Found) -> MatchOut:
    """The best assignment of a batch of requests to drivers; nothing is offered to anybody."""
    return batch.match(given, found.params.matching)
