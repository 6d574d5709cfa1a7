"""The pages: a fixed table of the files shipped beside this module; no other path exists."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from whalebot.adapters.web.answers import is_known
from whalebot.adapters.web.problems import ApiProblem

FOLDER: Final = Path(__file__).with_name("static")
_INDEX: Final = "index.html"
_APART: Final = ("api/", "docs", "metrics", "healthz", "readyz", "openapi.json")
_KINDS: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


class StaticFiles:
    """Serves the files that lay in `folder` when it was made, by their exact names."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): path
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink() and path.suffix in _KINDS
        }

    async def answer(self, request: Request) -> Response:
        """Return a file, or the first page for a path of the dashboard's own. Raises ApiProblem."""
        name = request.url.path.lstrip("/") or _INDEX
        if request.method not in ("GET", "HEAD"):
            raise ApiProblem("method_not_allowed", "files are only read", headers={"Allow": "GET, HEAD"})
        path = self._files.get(name)
        is_page_path = "." not in name and "%" not in name and not name.startswith(_APART)
        if path is None and is_page_path:
            path = self._files.get(_INDEX)
        if path is None:
            raise ApiProblem(
                "not_found", "there is nothing here; the API begins at /api/v1, its page is /docs"
            )
        return _file(request, path)


def _file(request: Request, path: Path) -> Response:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ApiProblem("not_found", "a file of the dashboard is gone; install Whalebot again") from error
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if is_known(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=_KINDS[path.suffix])
