"""The Litestar application: routes and background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, MediaType, Request, Response, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.logging import LoggingConfig
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig

import api.awards.claim_sheets.pages
import api.awards.declaring.confirming_pages
import api.awards.declaring.own_pages
import api.awards.declaring.pages
import api.awards.declaring.routes
import api.awards.draws.pages
import api.awards.draws.public_pages
import api.awards.draws.routes
import api.awards.evidence.pages
import api.awards.evidence.routes
import api.awards.notices.pages
import api.awards.objections.card_pages
import api.awards.objections.pages
import api.awards.objections.routes
import api.awards.patterns.pages
import api.awards.patterns.routes
import api.awards.review.routes
import api.awards.rulebooks.editor
import api.awards.rulebooks.pages
import api.awards.rulebooks.public_pages
import api.awards.rulebooks.routes
import api.awards.simulation.pages
import api.awards.simulation.routes
import api.bookkeeping.backup.pages
import api.bookkeeping.backup.routes
import api.bookkeeping.expiry.routes
import api.bookkeeping.general_ledger.import_pages
import api.bookkeeping.general_ledger.pages
import api.bookkeeping.general_ledger.routes
import api.bookkeeping.reports.pages
import api.bookkeeping.reports.routes
import api.bookkeeping.seals.pages
import api.bookkeeping.seals.routes
import api.desk.acts.pages
import api.desk.acts.routes
import api.desk.beginning
import api.desk.cards.issue_pages
import api.desk.cards.pages
import api.desk.cards.routes
import api.desk.claims.deciding
import api.desk.claims.pages
import api.desk.compliance.pages
import api.desk.entries.pages
import api.desk.founding.pages
import api.desk.freezes.pages
import api.desk.freezes.routes
import api.desk.households.pages
import api.desk.households.routes
import api.desk.identifications.pages
import api.desk.identifications.routes
import api.desk.pages
import api.desk.people.account
import api.desk.people.pages
import api.desk.policies.pages
import api.desk.proposals.pages
import api.desk.proposals.routes
import api.desk.supermarkets.pages
import api.household.declaring_pages
import api.household.pages
import api.registry.cards.pages
import api.registry.cards.routes
import api.registry.founding.routes
import api.registry.people.invitation_pages
import api.registry.people.pages
import api.registry.people.routes
import api.registry.register.register_pages
import api.registry.register.routes
import api.registry.staffing.routes
import api.shop.holdings.routes
import api.shop.identification.routes
import api.shop.kiosks.routes
import api.shop.offline.pages
import api.shop.offline.routes
import api.shop.promises.routes
import api.shop.redemptions.routes
import api.shop.stock.fund_pages
import api.shop.stock.pages
import api.shop.stock.routes
import api.shop.stock.shelf_routes
import api.shop.stock.till_routes
import api.shop.stock_sheets.pages
import api.shop.stock_sheets.routes
import api.shop.supermarkets.routes
import api.shop.till.routes
import api.web.landing
import api.web.page
from api.awards.notices.board import notice_sentences
from api.awards.review.held import UNDO_FOR
from api.bookkeeping.seals.use_cases import read_reference
from api.desk.founding.door import Door, lead_to_founding
from api.desk.navigation import list_nav_groups
from api.jobs import JOBS
from api.platform.access import Authentication
from api.platform.disk import find_low_disk, warn_of_low_disk
from api.platform.jobs import Job, run_forever
from api.platform.methods import EveryMethod
from api.platform.openapi import COMPONENTS, DescribedErrors
from api.platform.problem_details import log_exception
from api.platform.readiness import find_obstacle
from api.platform.request import BoundedRequest
from api.platform.services import Services
from api.registry.people.use_cases import find_signed_in
from api.shop.holdings.board import RecallBoard
from api.shop.kiosks.awaiting import BooksAge
from api.shop.kiosks.enrolment import find_device
from api.shop.redemptions.queue import RedemptionQueue
from api.shop.till.use_cases import TillAdditions
from api.web.csrf import FormProtection
from api.web.error_pages import ERROR_ANSWERS
from api.web.https import OverHttps
from api.web.interface import RENDERERS, make_router
from api.web.page import FILTERS, show
from api.wire.text import read_text

MAX_QUERY = 2000
"""Signs in a value of a query."""
_CURSORS = frozenset({"before", "after"})
"""Places in a list, which whoever reads them checks as a whole."""


@get("/healthz", sync_to_thread=False, tags=["health"])
def healthz() -> str:
    """The process is alive."""
    return "ok"


@get(
    "/readyz",
    tags=["health"],
    media_type=MediaType.TEXT,
    responses={503: ResponseSpec(str, media_type=MediaType.TEXT, description="The database is away")},
)
async def readyz(services: NamedDependency[Services]) -> Response[str]:
    """Requests can be served: what is asked would be answered, and kept. Otherwise 503, with one word why. A
    second line says what will be in the way soon: `disk-low`."""
    obstacle = await find_obstacle(services)
    if obstacle is not None:
        return Response(obstacle, status_code=503)
    low = await asyncio.to_thread(find_low_disk, services.data, services.measure)
    return Response("ok" if low is None else "ok\ndisk-low")


@asynccontextmanager
async def _run_background_tasks(app: Litestar) -> AsyncIterator[None]:
    app.state.books_age = BooksAge(app.state.services)
    queue = app.state.redemptions = RedemptionQueue(app.state.services)
    board = app.state.recall_board = RecallBoard(app.state.services)
    tasks = [
        asyncio.create_task(_run_jobs(app.state)),
        asyncio.create_task(queue.run()),
        asyncio.create_task(board.run()),
        asyncio.create_task(warn_of_low_disk(app.state.services.data, app.state.services.measure)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_jobs(state: State) -> None:
    if state.door is not None:
        # Without a township there is nothing to do.
        await state.door.wait()
    await run_forever(state.services, state.notice_interval, state.jobs)


async def _before_request(request: Request[Any, Any, Any]) -> Response[Any] | None:
    _refuse_hidden_signs(request)
    return await lead_to_founding(request)


def _refuse_hidden_signs(request: Request[Any, Any, Any]) -> None:
    """In queries, as wire types do in bodies. Raises UnreadableText."""
    for name, sent in request.query_params.items():
        if name not in _CURSORS:
            read_text(sent, MAX_QUERY)


def _get_services(state: State) -> Services:
    services: Services = state.services
    return services


def _till_additions() -> TillAdditions:
    return TillAdditions(seal=read_reference, on_notice=notice_sentences)


def _make_template_engine() -> JinjaTemplateEngine:
    # Without checking the disk for changed templates.
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, auto_reload=False, finalize=show)
    environment.filters |= FILTERS
    environment.globals["list_nav_groups"] = list_nav_groups
    return JinjaTemplateEngine(engine_instance=environment)


def create_app(
    services: Services,
    csrf_secret: str,
    notice_interval: float = 5.0,
    jobs: Sequence[Job] = JOBS,
    door: Door | None = None,
    undo_for: timedelta = UNDO_FOR,
) -> Litestar:
    """`notice_interval`: seconds between runs of the `jobs`. `door`: by which a township is founded. `undo_for`:
    for how long what is decided about claims at the desk can be undone.

    The services are only in the application's state: between two lifespans they may be replaced.
    """
    app = Litestar(
        route_handlers=[
            healthz,
            readyz,
            api.registry.people.routes.router,
            api.registry.staffing.routes.router,
            api.registry.founding.routes.router,
            api.registry.register.routes.router,
            api.registry.cards.routes.router,
            api.shop.supermarkets.routes.router,
            api.shop.stock.routes.router,
            api.shop.stock.shelf_routes.router,
            api.shop.stock.till_routes.router,
            api.shop.stock_sheets.routes.router,
            api.shop.kiosks.routes.router,
            api.shop.till.routes.router,
            api.shop.holdings.routes.router,
            api.shop.identification.routes.router,
            api.desk.identifications.routes.router,
            api.awards.rulebooks.routes.router,
            api.awards.rulebooks.routes.public,
            api.awards.simulation.routes.router,
            api.awards.review.routes.router,
            api.awards.objections.routes.router,
            api.awards.draws.routes.router,
            api.awards.patterns.routes.router,
            api.awards.declaring.routes.router,
            api.awards.evidence.routes.router,
            api.bookkeeping.backup.routes.router,
            api.bookkeeping.expiry.routes.router,
            api.shop.redemptions.routes.router,
            api.shop.promises.routes.router,
            api.shop.offline.routes.router,
            api.bookkeeping.general_ledger.routes.router,
            api.bookkeeping.reports.routes.router,
            api.bookkeeping.reports.pages.router,
            api.bookkeeping.seals.routes.router,
            api.web.landing.router,
            api.web.page.router,
            api.registry.people.pages.router,
            api.registry.people.invitation_pages.router,
            api.household.declaring_pages.router,
            api.household.pages.router,
            api.registry.cards.pages.router,
            api.desk.cards.pages.router,
            api.desk.cards.issue_pages.router,
            api.desk.cards.routes.router,
            api.desk.claims.deciding.router,
            api.desk.claims.pages.router,
            api.desk.compliance.pages.router,
            api.registry.register.register_pages.router,
            api.awards.rulebooks.public_pages.router,
            api.bookkeeping.seals.pages.router,
            api.desk.freezes.pages.router,
            api.desk.freezes.routes.router,
            api.desk.households.pages.router,
            api.desk.entries.pages.router,
            api.desk.households.routes.router,
            api.desk.identifications.pages.router,
            api.desk.acts.pages.router,
            api.desk.acts.routes.router,
            api.desk.pages.router,
            api.desk.beginning.router,
            api.desk.founding.pages.router,
            api.desk.policies.pages.router,
            api.desk.people.pages.router,
            api.desk.people.account.router,
            api.desk.proposals.pages.router,
            api.desk.proposals.routes.router,
            api.desk.supermarkets.pages.router,
            api.awards.declaring.confirming_pages.router,
            api.awards.declaring.own_pages.router,
            api.awards.draws.pages.router,
            api.awards.draws.public_pages.router,
            api.awards.objections.pages.router,
            api.awards.patterns.pages.router,
            api.awards.objections.card_pages.router,
            api.awards.declaring.pages.router,
            api.awards.claim_sheets.pages.router,
            api.awards.evidence.pages.router,
            api.awards.rulebooks.pages.router,
            api.awards.rulebooks.editor.router,
            api.shop.offline.pages.router,
            api.bookkeeping.backup.pages.router,
            api.bookkeeping.general_ledger.pages.router,
            api.bookkeeping.general_ledger.import_pages.router,
            api.awards.notices.pages.router,
            api.awards.simulation.pages.router,
            api.shop.stock.pages.router,
            api.shop.stock.fund_pages.router,
            api.shop.stock_sheets.pages.router,
        ],
        request_class=BoundedRequest,
        exception_handlers=ERROR_ANSWERS,
        state=State(
            {
                "services": services,
                "csrf_secret": csrf_secret,
                "notice_interval": notice_interval,
                "jobs": jobs,
                "door": door,
                "undo_for": undo_for,
            }
        ),
        before_request=_before_request,
        dependencies={
            "services": Provide(_get_services, sync_to_thread=False),
            "till_additions": Provide(_till_additions, sync_to_thread=False),
        },
        middleware=[
            DefineMiddleware(
                Authentication,
                lookups=(find_signed_in, find_device),
                exclude=["^/schema", "^/healthz", "^/readyz"],
            ),
            FormProtection(),
        ],
        # What fits into one packet anyway gains nothing, nor does a photo.
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=5, minimum_size=1_000, exclude="/photos/"
        ),
        template_config=TemplateConfig(instance=_make_template_engine()),
        logging_config=LoggingConfig(
            root={"level": "WARNING", "handlers": ["queue_listener"]},
            log_exceptions="always",
            exception_logging_handler=log_exception,
        ),
        plugins=[DescribedErrors()],
        openapi_config=OpenAPIConfig(
            title="Jimei 积美",
            version="1",
            components=COMPONENTS,
            use_handler_docstrings=True,
            openapi_router=make_router(),
            render_plugins=RENDERERS,
        ),
        lifespan=[_run_background_tasks],
    )
    app.asgi_handler = OverHttps(EveryMethod(app))
    return app
