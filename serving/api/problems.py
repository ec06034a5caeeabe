"""Errors as RFC 9457 problem documents; what a caller sent never comes back in one."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from core.errors import (
    BadInput,
    Conflict,
    LookupUnavailable,
    ModelMissing,
    NotAllowed,
    NotAuthenticated,
    NotThere,
    RegistryUnavailable,
    StoreUnavailable,
    TooManyCalls,
    TripoError,
)

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
"""Of 503: a release that is being loaded, or a store that was busy, may be there by then."""
AWAY = "a part that this needs is not there right now; send it again in a moment"
STATUS: tuple[tuple[type[TripoError], HTTPStatus], ...] = (
    (NotAuthenticated, HTTPStatus.UNAUTHORIZED),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (NotThere, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (TooManyCalls, HTTPStatus.TOO_MANY_REQUESTS),
    (BadInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ModelMissing, HTTPStatus.SERVICE_UNAVAILABLE),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (RegistryUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (LookupUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)


class Wrong(BaseModel):
    """One thing that is wrong with a request: where, and what was expected."""

    where: str
    expected: str


class Problem(BaseModel):
    """RFC 9457. ``detail`` says what was expected, what came, and what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Wrong] = []


def answered(
    status: int, detail: str, wrong: list[Wrong] | None = None, headers: Mapping[str, str] = {}
) -> JSONResponse:
    """A response that carries a problem document."""
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=wrong or []
    )
    return JSONResponse(problem.model_dump(), status, dict(headers), MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What FastAPI's ``responses`` needs to describe these errors."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def install(api: FastAPI) -> None:
    """Answer every error of ``api`` with a problem document."""
    api.add_exception_handler(TripoError, _ours)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _unforeseen)


def status_of(error: TripoError) -> HTTPStatus:
    """The status of the first class in ``STATUS`` that the error is of; 500 for no such class."""
    found = (status for kind, status in STATUS if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, TripoError):
        raise error
    status = status_of(error)
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, TooManyCalls):
        headers["Retry-After"] = str(error.retry_after_s)
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        # where the store lies, and what it said, is for the log
        log.warning("%s: %s", type(error).__name__, error)
        headers["Retry-After"] = str(RETRY_AFTER_S)
        return answered(status, AWAY, headers=headers)
    elif status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s: %s", type(error).__name__, error)
        return answered(status, "something failed on our side; it is in the log")
    return answered(status, str(error), headers=headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = [
        Wrong(where=".".join(map(str, found["loc"])), expected=found["msg"])
        for found in error.errors()
    ]
    count = f"{len(wrong)} thing{'s are' if len(wrong) > 1 else ' is'} wrong with the request"
    return answered(HTTPStatus.UNPROCESSABLE_ENTITY, f"{count}; see errors", wrong)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return answered(error.status_code, str(error.detail), headers=dict(error.headers or {}))


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answered(
        HTTPStatus.INTERNAL_SERVER_ERROR, "something failed on our side; it is in the log"
    )
