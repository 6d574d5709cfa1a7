"""The API's description: what FastAPI knows of the routes, and the errors that every one of them can have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from whalebot.adapters.web.models import ProblemDocument
from whalebot.adapters.web.problems import CODES, PROBLEM_TYPE

_PROBLEM: Final = "#/components/schemas/ProblemDocument"
_METHODS: Final = ("get", "put", "post")
_EXTRA: Final[Mapping[tuple[str, str], tuple[int, ...]]] = {
    ("get", "/api/v1/analysis/{symbol}"): (409,),
    ("get", "/api/v1/bars"): (404,),
    ("put", "/api/v1/config"): (400, 409),
    ("get", "/api/v1/scanner"): (404, 503),
    ("get", "/api/v1/scanner/events"): (404, 503),
    ("get", "/api/v1/scanner/{symbol}"): (503,),
    ("get", "/metrics"): (401, 404),
}
_TITLES: Final = {400: "Bad request", 401: "Unauthorised", 403: "Forbidden", 404: "Not found"}


def described(app: FastAPI, is_local: bool) -> dict[str, Any]:
    """Return the OpenAPI document. is_local: reads need no token."""
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemDocument"] = problem
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, method, operation in _operations(found):
        _complete(path, method, operation, is_local)
    return found


def methods_of(document: Mapping[str, Any], path: str) -> list[str]:
    """Return the methods that a path has in the document, [] where it has none."""
    parts = path.split("/")
    for known, methods in document["paths"].items():
        own = known.split("/")
        if len(own) == len(parts) and all(
            a == b or (a[:1] == "{" and b) for a, b in zip(own, parts, strict=True)
        ):
            return [method.upper() for method in _METHODS if method in methods]
    return []


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, method, methods[method]


def _complete(path: str, method: str, operation: dict[str, Any], is_local: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    for status in sorted(_statuses(path, method, operation)):
        responses.setdefault(str(status), _problem(status))
    if method == "get" and path.startswith("/api/"):
        responses["304"] = {"description": "The client has it already (If-None-Match)"}
    if path == "/api/v1/health":
        responses["503"] = {**responses["200"], "description": "Something required is not well"}
    if method != "get" or (not is_local and path.startswith(("/api/", "/metrics"))):
        operation["security"] = [{"token": []}]


def _statuses(path: str, method: str, operation: Mapping[str, Any]) -> set[int]:
    found = {421, 429, 500, *_EXTRA.get((method, path), ())}
    if path.startswith("/api/"):
        found |= {400, 401, 403, 413}
    if "{" in path:
        found |= {404}
    if "requestBody" in operation:
        found |= {415, 422}
    return found


def _problem(status: int) -> dict[str, Any]:
    title = _TITLES.get(status) or next(text for number, text in CODES.values() if number == status)
    return {"description": title, "content": {PROBLEM_TYPE: {"schema": {"$ref": _PROBLEM}}}}
