"""The Litestar application: what answers where, and what runs beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, Response, get
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.logging import LoggingConfig
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsPlugin
from litestar.template.config import TemplateConfig
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import api.cards.pages
import api.cards.routes
import api.claims.notices
import api.claims.pages
import api.claims.routes
import api.desk.pages
import api.expiry.routes
import api.household.pages
import api.journal.pages
import api.journal.routes
import api.kiosks.routes
import api.offline.pages
import api.offline.routes
import api.pages.landing
import api.pages.page
import api.people.pages
import api.people.routes
import api.promises.routes
import api.redemptions.routes
import api.register.routes
import api.reports.routes
import api.rulebooks.editor
import api.rulebooks.pages
import api.rulebooks.public
import api.rulebooks.routes
import api.seals.pages
import api.seals.routes
import api.simulation.pages
import api.simulation.routes
import api.stock.pages
import api.stock.routes
import api.stock.shelf_routes
import api.stock.till_routes
import api.till.routes
from api.access import Authentication
from api.claims.board import on_notice
from api.jobs import JOBS
from api.kiosks.enrolment import enrolled
from api.pages.page import FILTERS
from api.people.use_cases import signed_in
from api.problem_details import EXCEPTIONS, log_exception
from api.redemptions.together import RedemptionQueue
from api.seals.use_cases import reference
from api.till.use_cases import News
from api.town import Town
from api.upkeep import Job, keep_up


@get("/healthz", sync_to_thread=False, tags=["health"])
def healthz() -> str:
    """The process is alive."""
    return "ok"


@get("/readyz", tags=["health"])
async def readyz(town: NamedDependency[Town]) -> Response[str]:
    """The database answers."""
    try:
        async with town.work() as work:
            await work.session.execute(text("select 1"))
    except (OSError, DBAPIError):
        return Response("database away", status_code=503)
    return Response("ok")


@asynccontextmanager
async def _kept_up(app: Litestar) -> AsyncIterator[None]:
    queue = app.state.redemptions = RedemptionQueue(app.state.town)
    beside = [
        asyncio.create_task(keep_up(app.state.town, app.state.notice_interval, app.state.jobs)),
        asyncio.create_task(queue.run()),
    ]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


def _served(state: State) -> Town:
    town: Town = state.town
    return town


def _news() -> News:
    return News(seal=reference, on_notice=on_notice)


def _templates() -> JinjaTemplateEngine:
    # No page asks the disk whether its template has changed.
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, auto_reload=False)
    environment.filters |= FILTERS
    return JinjaTemplateEngine(engine_instance=environment)


def create_app(town: Town, csrf_secret: str, notice_interval: float = 5.0, jobs: Sequence[Job] = JOBS) -> Litestar:
    """`notice_interval`: seconds between runs of the `jobs`, for what is over or has come.

    The town is the application's state alone: between one lifespan and the next it may be another.
    """
    return Litestar(
        route_handlers=[
            healthz,
            readyz,
            api.people.routes.router,
            api.register.routes.router,
            api.cards.routes.router,
            api.stock.routes.router,
            api.stock.shelf_routes.router,
            api.stock.till_routes.router,
            api.kiosks.routes.router,
            api.till.routes.router,
            api.rulebooks.routes.router,
            api.rulebooks.routes.public,
            api.simulation.routes.router,
            api.claims.routes.router,
            api.expiry.routes.router,
            api.redemptions.routes.router,
            api.promises.routes.router,
            api.offline.routes.router,
            api.journal.routes.router,
            api.reports.routes.router,
            api.seals.routes.router,
            api.pages.landing.router,
            api.pages.page.router,
            api.people.pages.router,
            api.household.pages.router,
            api.cards.pages.router,
            api.rulebooks.public.router,
            api.seals.pages.router,
            api.desk.pages.router,
            api.claims.pages.router,
            api.rulebooks.pages.router,
            api.rulebooks.editor.router,
            api.offline.pages.router,
            api.journal.pages.router,
            api.claims.notices.router,
            api.simulation.pages.router,
            api.stock.pages.router,
        ],
        state=State({"town": town, "notice_interval": notice_interval, "jobs": jobs}),
        dependencies={
            "town": Provide(_served, sync_to_thread=False),
            "news": Provide(_news, sync_to_thread=False),
        },
        middleware=[
            DefineMiddleware(
                Authentication, lookups=(signed_in, enrolled), exclude=["^/schema", "^/healthz", "^/readyz"]
            )
        ],
        csrf_config=CSRFConfig(secret=csrf_secret, exclude="^/v1/", cookie_httponly=True),
        template_config=TemplateConfig(instance=_templates()),
        plugins=[ProblemDetailsPlugin(ProblemDetailsConfig(exception_to_problem_detail_map=EXCEPTIONS))],
        logging_config=LoggingConfig(
            root={"level": "WARNING", "handlers": ["queue_listener"]},
            log_exceptions="always",
            exception_logging_handler=log_exception,
        ),
        openapi_config=OpenAPIConfig(
            title="Jimei 积美",
            version="1",
            components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
            security=[{"token": []}],
        ),
        lifespan=[_kept_up],
    )
