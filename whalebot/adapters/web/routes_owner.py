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

_PAUSE: Final = "no new entries until resume; open positions keep their stops and exits"
_RESUME: Final = "entries are allowed again, where no guardrail forbids them"
_FLATTEN: Final = "cancels working entries and closes every position; entries stay allowed"
_PANIC: Final = "cancels working entries, closes every position, no entries until resume"


def owner_routes(desk: Desk, answers: Answers) -> APIRouter:
    """Return the endpoints below /api/v1."""
    router = APIRouter(tags=["owner"])
    _commands(router, desk, answers)

    @router.get("/config", response_model=m.Envelope[c.ConfigShown])
    async def config(request: Request) -> Response:
        """The configuration in force, secrets hidden, and what may stand at each place."""
        return answers.ok(request, desk.config.shown())

    @router.put("/config", response_model=m.Envelope[c.ConfigWritten])
    async def change(request: Request, body: c.ConfigEdit) -> Response:
        """Check, write and apply new values; the old file is kept beside."""
        if desk.facts.is_read_only:
            raise _read_only()
        became = desk.config.change(body.changes, body.only_check)
        if became["written"]:
            facts = {one["path"]: f"{one['before']} -> {one['after']}" for one in became["changes"]}
            desk.audit.record("config_edited", ACTOR, facts)
        return answers.ok(request, became)

    return router


def _commands(router: APIRouter, desk: Desk, answers: Answers) -> None:
    taken = m.Envelope[m.CommandTaken]

    def handed_on(request: Request, order: Order, effect: str) -> Response:
        if desk.command is None:
            raise _read_only()
        desk.command(order)
        told = {"command": order.value, "accepted": True, "effect": effect}
        return answers.ok(request, told, 202)

    @router.post("/commands/pause", response_model=taken, status_code=202, description=_PAUSE)
    async def pause(request: Request, body: c.PauseConfirmed) -> Response:
        del body
        return handed_on(request, Order.PAUSE, _PAUSE)

    @router.post("/commands/resume", response_model=taken, status_code=202, description=_RESUME)
    async def resume(request: Request, body: c.ResumeConfirmed) -> Response:
        del body
        return handed_on(request, Order.RESUME, _RESUME)

    @router.post("/commands/flatten", response_model=taken, status_code=202, description=_FLATTEN)
    async def flatten(request: Request, body: c.FlattenConfirmed) -> Response:
        del body
        return handed_on(request, Order.FLATTEN, _FLATTEN)

    @router.post("/commands/panic", response_model=taken, status_code=202, description=_PANIC)
    async def panic(request: Request, body: c.PanicConfirmed) -> Response:
        del body
        return handed_on(request, Order.PANIC, _PANIC)


def _read_only() -> ApiProblem:
    return ApiProblem("read_only", "this server shows a folder; no daemon runs that could take it")
