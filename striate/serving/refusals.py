"""A user's mistake is one line in the answer, as on the command line; a fault of ours is told."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from striate.errors import StriateError

LOG = logging.getLogger("striate")


def say_refusals(app: FastAPI) -> None:
    """Let an application answer errors as ``{"error": LINE}``: 422 for a mistake, 500 for ours."""

    @app.exception_handler(StriateError)
    async def mistake(request: Request, error: StriateError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 422)

    @app.exception_handler(RequestValidationError)
    async def misread(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": describe_misreading(error)}, 422)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        LOG.error("a fault of Striate's own", exc_info=error)
        return JSONResponse({"error": describe_fault(error)}, 500)


def describe_misreading(error: RequestValidationError) -> str:
    """Say in a line what of a request cannot be read."""
    first = error.errors()[0]
    place = ".".join(map(str, first.get("loc", ())))
    return f"the request cannot be read: {place}: {first.get('msg', '')}"


def describe_fault(error: Exception) -> str:
    """Say in a line that the fault is ours; the traceback stands in the terminal."""
    return (
        f"a fault of Striate's own ({type(error).__name__}); the terminal that it runs in shows "
        "where"
    )
