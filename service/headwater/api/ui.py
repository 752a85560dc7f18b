"""A built copy of Marquez's web application, served beside the API that it calls."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class _SinglePage(StaticFiles):
    """Its own routes (``/datasets/…``) are no files: the application itself answers them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if scope["method"] != "GET" or path.partition("/")[0] == "api":
            raise HTTPException(404)
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
            response = await super().get_response("index.html", scope)
        # Asked each time (and answered 304); else a browser shows the old release for a tenth of its files' age.
        response.headers["Cache-Control"] = "no-cache"
        return response


def install(app: FastAPI, folder: Path | None) -> None:
    """For what no route is for; without a folder there is the API's description at /."""
    if folder is not None:
        # No mount at /: that matches everything, so the API would know of no method that a path does not take.
        app.router.default = _SinglePage(directory=folder, html=True)
    else:
        app.add_api_route("/", _describe, include_in_schema=False)


async def _describe() -> RedirectResponse:
    return RedirectResponse("/docs")
