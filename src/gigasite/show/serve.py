"""A small web server for a finished plan: its report and its files, on this machine only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, Response

from gigasite._core.errors import InputFileError

if TYPE_CHECKING:
    from pathlib import Path

SHOWN = {".html", ".json", ".csv", ".parquet"}
POLICY = "default-src 'self' 'unsafe-inline' data:"


def site(folder: Path) -> FastAPI:
    """Return the application for one folder.

    Raises
    ------
    InputFileError
        The folder holds no report.
    """
    root = folder.resolve()
    if not (root / "report.html").is_file():
        raise InputFileError(
            str(folder),
            0,
            "holds no report.html; write one with `gigasite plan FILE --out FOLDER`",
        )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    def index() -> Response:
        return FileResponse(root / "report.html", headers={"Content-Security-Policy": POLICY})

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)

    @app.get("/{name}")
    def file(name: str) -> Response:
        path = (root / name).resolve()
        if path.parent != root or path.suffix not in SHOWN or not path.is_file():
            raise HTTPException(404, "no such file in this plan")
        return FileResponse(path, headers={"Content-Security-Policy": POLICY})

    return app


def run(folder: Path, port: int) -> None:
    """Serve until interrupted."""
    import uvicorn  # noqa: PLC0415  # only here

    app = site(folder)
    print(f"http://127.0.0.1:{port}  (Ctrl-C ends)")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
