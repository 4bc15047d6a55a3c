"""`/v1/accounts`, `/v1/transactions`, `/v1/corrections`, `/v1/holds`, `/v1/periods`, `/v1/imports`: the books of
account as people use them; each batch answers for every item."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, FromQuery, JSONBody, QueryParameter

from api import wire
from api.bookkeeping.general_ledger import accounts, corrections, holds, imports, periods, transactions
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from ledger.transactions import Timeline

PageSize = Annotated[int, QueryParameter(ge=1, le=500)]


@get("/accounts")
async def list_accounts(
    services: NamedDependency[Services],
    request: StaffRequest,
    prefix: FromQuery[str] = "",
    after: FromQuery[str] = "",
    limit: PageSize = 100,
) -> wire.AccountPage:
    """Accounts by name; a committee sees those of its village's households and supermarkets."""
    return await accounts.accounts(services, request.user, prefix, after, limit)


@get("/accounts/{name:str}/balance")
async def balance(
    name: FromPath[str],
    services: NamedDependency[Services],
    request: StaffRequest,
    at: FromQuery[datetime | None] = None,
    timeline: FromQuery[Timeline] = Timeline.EFFECTIVE,
) -> wire.BalanceView:
    """The balance now, or as of a moment by when things happened or by when they were written down."""
    return await accounts.balance(services, request.user, name, at, timeline)


@get("/accounts/{name:str}/statement")
async def statement(
    name: FromPath[str],
    services: NamedDependency[Services],
    request: StaffRequest,
    limit: PageSize = 100,
    before: Annotated[str, QueryParameter(max_length=200)] = "",
    at: FromQuery[datetime | None] = None,
) -> wire.Statement:
    """Entries, newest first, with the posted balance right after each."""
    return await accounts.statement(services, request.user, name, limit, before, at)


@get("/accounts/{name:str}/months/{month:str}")
async def month(
    name: FromPath[str], month: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> wire.MonthStatement:
    """A month (2026-05) by effective date: carried in, entries, carried on."""
    return await periods.month(services, request.user, name, month)


@get("/transactions/{id:uuid}")
async def transaction(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.TransactionView:
    """A whole transaction, with what it answers and what answers it."""
    return await transactions.transaction(services, request.user, id)


@post("/corrections", status_code=200)
async def correct(
    data: Annotated[list[wire.Correction], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> list[wire.ItemOutcome]:
    """Move back what was posted, whole or in part (supervisors and the office)."""
    return await corrections.correct(services, request.user, data)


@post("/holds", status_code=200)
async def hold(
    data: Annotated[list[wire.NewHold], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> list[wire.ItemOutcome]:
    """Reserve points of households for a supermarket until a moment (committees and the office)."""
    return await holds.hold(services, request.user, data)


@post("/holds/settlements", status_code=200)
async def settle_holds(
    data: Annotated[list[wire.HoldSettlement], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> list[wire.ItemOutcome]:
    """Post holds, whole or in part, or void them."""
    return await holds.settle(services, request.user, data)


@get("/holds")
async def open_holds(
    household: FromQuery[str], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.HoldView]:
    """The open holds of a household, the first to expire first."""
    return await holds.listed(services, request.user, household)


@post("/periods", status_code=200)
async def close_period(
    data: JSONBody[wire.NewPeriodClosing], services: NamedDependency[Services], request: StaffRequest
) -> wire.PeriodClosing:
    """Close a month and all before it; what comes late goes to the first open one."""
    return await periods.close(services, request.user, data)


@get("/periods")
async def list_periods(services: NamedDependency[Services], request: StaffRequest) -> list[wire.PeriodClosing]:
    """Every closing, newest first."""
    return await periods.periods(services, request.user)


@post("/imports", status_code=200)
async def import_rows(
    data: JSONBody[wire.ImportBatch], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.RowOutcome]:
    """Bring in points of an earlier scheme (office)."""
    return await imports.import_batch(services, request.user, data)


router = Router(
    "/v1",
    route_handlers=[
        list_accounts,
        balance,
        statement,
        month,
        transaction,
        correct,
        hold,
        settle_holds,
        open_holds,
        close_period,
        list_periods,
        import_rows,
    ],
    guards=[staff_only],
    tags=["books"],
)
