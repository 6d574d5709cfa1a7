"""Endpoints about the run: status, account, decisions, alerts, audit, health, the program itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whalebot.adapters.web import models as m
from whalebot.adapters.web import show_run
from whalebot.adapters.web.answers import Answers
from whalebot.adapters.web.api_times import ApiTimes
from whalebot.adapters.web.asked import Cursor, LevelAsked, Limit, SymbolAsked, Word
from whalebot.adapters.web.desk import ACTOR, Desk
from whalebot.adapters.web.models_config import Nothing
from whalebot.adapters.web.paging import part_below
from whalebot.adapters.web.problems import ApiProblem
from whalebot.adapters.web.stream import StreamHub

AlertNumber = Annotated[str, Path(pattern=r"^[0-9]{1,12}$")]


def run_routes(desk: Desk, answers: Answers, times: ApiTimes, hub: StreamHub) -> APIRouter:
    """Return the endpoints below /api/v1."""
    router = APIRouter(tags=["run"])

    @router.get("/status", response_model=m.Envelope[m.Status])
    async def status(request: Request) -> Response:
        """What runs and whether it may trade."""
        return answers.ok(request, show_run.status(desk))

    @router.get("/account", response_model=m.Envelope[m.Account])
    async def account(request: Request) -> Response:
        """Balance, result, risk and limits."""
        return answers.ok(request, show_run.account(desk))

    @router.get("/health", response_model=m.Envelope[m.Health])
    async def health(request: Request) -> Response:
        """Is it well, and if not why; 503 when something required is not."""
        shown = show_run.health(desk)
        return answers.ok(request, shown, 503 if shown["status"] == "down" else 200)

    @router.get("/system/performance", response_model=m.Envelope[m.SystemFigures])
    async def system(request: Request) -> Response:
        """The program itself: machine, loop, queues, how quick this API is."""
        shown = {**show_run.figures(desk, hub.clients), "api": times.shown()}
        return answers.ok(request, shown)

    _tellings(router, desk, answers)
    return router


def _tellings(router: APIRouter, desk: Desk, answers: Answers) -> None:
    @router.get("/decisions", response_model=m.Envelope[m.Page[m.Decision]])
    async def decisions(
        request: Request,
        limit: Limit = 100,
        cursor: Cursor = None,
        symbol: SymbolAsked = None,
        kind: Word = None,
        level: LevelAsked = None,
    ) -> Response:
        """What the engine did or refused to do, in words, newest first."""
        found = [
            decision
            for decision in desk.chronicle.decisions.newest()
            if (symbol is None or decision.notice.symbol == symbol)
            and (kind is None or decision.notice.kind == kind)
            and (level is None or decision.notice.level.value == level)
        ]
        page = part_below(found, lambda d: d.number, show_run.decision_of, limit, cursor, len(found))
        return answers.ok(request, page)

    @router.get("/alerts", response_model=m.Envelope[m.Page[m.Alert]])
    async def alerts(
        request: Request, limit: Limit = 50, cursor: Cursor = None, level: LevelAsked = None
    ) -> Response:
        """What people were told, newest first."""
        found = [a for a in desk.chronicle.newest_alerts() if level is None or a.level.value == level]
        page = part_below(found, lambda a: a.id, show_run.alert_of, limit, cursor, len(found))
        return answers.ok(request, page)

    @router.post("/alerts/{alert_id}/ack", response_model=m.Envelope[m.Alert])
    async def acknowledge(request: Request, alert_id: AlertNumber, body: Nothing | None = None) -> Response:
        """Mark an alert as seen."""
        del body
        alert = desk.acknowledge(int(alert_id))
        if alert is None:
            raise ApiProblem("not_found", f"there is no alert {alert_id}", field="alert_id")
        desk.chronicle.warn(alert)
        desk.audit.record("alert_acknowledged", ACTOR, {"alert": alert_id, "title": alert.title})
        return answers.ok(request, show_run.alert_of(alert))

    @router.get("/audit", response_model=m.Envelope[m.Page[m.AuditEntry]])
    async def audit(
        request: Request, limit: Limit = 50, cursor: Cursor = None, kind: Word = None
    ) -> Response:
        """The audit trail, newest first."""
        items, following, total = desk.audit.newest(limit, cursor, kind)
        return answers.ok(request, {"items": items, "next": following, "total": total})


def probe_routes(desk: Desk) -> APIRouter:
    """Return the plain probes and the metrics."""
    router = APIRouter(tags=["probes"], default_response_class=PlainTextResponse)

    @router.get("/healthz", responses={503: {"description": "the loop stands"}})
    async def healthz() -> PlainTextResponse:
        """Does the trading loop go round."""
        if desk.facts.is_read_only:
            return _probe(True, "")
        age_s = desk.feed.beat_age_s()
        return _probe(age_s is not None and age_s < show_run.STALLED_S, "the loop stands")

    @router.get("/readyz", responses={503: {"description": "not ready"}})
    async def readyz() -> PlainTextResponse:
        """Is all that is required well and the warm-up over."""
        return _probe(show_run.is_ready(desk), "not ready")

    @router.get("/metrics")
    async def metrics() -> Response:
        """Figures in the text format of Prometheus."""
        if desk.metrics is None:
            raise ApiProblem("not_found", "only a running daemon has metrics")
        return Response(
            desk.metrics(),
            headers={"Cache-Control": "no-store"},
            media_type="text/plain; version=0.0.4; charset=utf-8",
        )

    return router


def _probe(is_well: bool, otherwise: str) -> PlainTextResponse:
    headers = {"Cache-Control": "no-store"}
    return PlainTextResponse("ok\n" if is_well else f"{otherwise}\n", 200 if is_well else 503, headers)
