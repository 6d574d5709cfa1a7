"""Endpoints by which the owner changes something: commands with their confirmation, the configuration."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from whalebot.adapters.web import models as m
from whalebot.adapters.web import models_config as c
from whalebot.adapters.web.answers import Answers
from whalebot.adapters.web.desk import ACTOR, Desk
from whalebot.adapters.web.problems import ApiProblem
from whalebot.domain.events import Order

_ORDERS: Final = {
    "pause": (Order.PAUSE, "no new entries until resume; open positions keep their stops and exits"),
    "resume": (Order.RESUME, "entries are allowed again, where no guardrail forbids them"),
    "flatten": (Order.FLATTEN, "cancels working entries and closes every position; entries stay allowed"),
    "panic": (Order.PANIC, "cancels working entries, closes every position, no entries until resume"),
}


def owner_routes(desk: Desk, answers: Answers) -> APIRouter:
    """Return the endpoints below /api/v1."""
    router = APIRouter(tags=["owner"])
    for name, (order, effect) in _ORDERS.items():
        _command(router, desk, answers, name, order, effect)

    @router.get("/config", response_model=m.Envelope[c.ConfigShown])
    async def config(request: Request) -> Response:
        """The configuration in force, secrets hidden, and what may stand at each place."""
        return answers.ok(request, desk.config.shown())

    @router.put("/config", response_model=m.Envelope[c.ConfigWritten])
    async def change(request: Request, body: c.ConfigEdit) -> Response:
        """Check, write and apply new values; the old file is kept beside."""
        if desk.facts.is_read_only:
            raise _read_only()
        became = desk.config.change(body.changes, body.dry_run)
        if became["written"]:
            facts = {one["path"]: f"{one['before']} -> {one['after']}" for one in became["changes"]}
            desk.audit.record("config_edited", ACTOR, facts)
        return answers.ok(request, became)

    return router


def _command(router: APIRouter, desk: Desk, answers: Answers, name: str, order: Order, effect: str) -> None:
    async def command(request: Request, body: c.Confirmation) -> Response:
        if desk.command is None:
            raise _read_only()
        if body.confirm != name.upper():
            text = f'confirm with {{"confirm": "{name.upper()}"}}: {effect}'
            raise ApiProblem("bad_request", text, field="confirm")
        desk.command(order)
        return answers.ok(request, {"command": name, "accepted": True, "effect": effect}, 202)

    router.add_api_route(
        f"/commands/{name}",
        command,
        methods=["POST"],
        status_code=202,
        response_model=m.Envelope[m.CommandTaken],
        name=name,
        description=f"{name}: {effect}.",
    )


def _read_only() -> ApiProblem:
    return ApiProblem("read_only", "this server shows a folder; no daemon runs that could take it")
