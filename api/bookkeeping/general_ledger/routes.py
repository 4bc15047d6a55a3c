"""`/v1/accounts`, `/v1/transactions`, `/v1/corrections`, `/v1/holds`, `/v1/periods`, `/v1/imports`: the general
ledger; batches return an outcome for every item."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, FromQuery, JSONBody, QueryParameter

from api import wire
from api.bookkeeping.general_ledger import accounts, corrections, holds, imports, periods, transactions
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.web.answers import answer
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
    return await accounts.list_accounts(services, request.user, prefix, after, limit)


@get("/accounts/{name:str}/balance")
async def get_balance(
    name: FromPath[str],
    services: NamedDependency[Services],
    request: StaffRequest,
    at: FromQuery[datetime | None] = None,
    timeline: FromQuery[Timeline] = Timeline.EFFECTIVE,
) -> wire.BalanceView:
    """The balance now, or as of a moment by when things happened or by when they were recorded."""
    return await accounts.read_balance(services, request.user, name, at, timeline)


@get("/accounts/{name:str}/statement")
async def get_statement(
    name: FromPath[str],
    services: NamedDependency[Services],
    request: StaffRequest,
    limit: PageSize = 100,
    before: Annotated[str, QueryParameter(max_length=200)] = "",
    at: FromQuery[datetime | None] = None,
) -> wire.Statement:
    """Entries, newest first, with the posted balance right after each."""
    return await accounts.read_statement(services, request.user, name, limit, before, at)


@get("/accounts/{name:str}/months/{month:str}")
async def get_month(
    name: FromPath[str], month: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> wire.MonthStatement:
    """A month (2026-05) by effective date: opening balance, entries, closing balance."""
    return await periods.read_month(services, request.user, name, month)


@get("/transactions/{id:uuid}")
async def get_transaction(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.TransactionView:
    """A transaction, with what it settles or reverses and what settles or reverses it."""
    return await transactions.read_transaction(services, request.user, id)


@post("/corrections", status_code=200)
async def correct(
    data: Annotated[list[wire.Correction], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[wire.ProposalView | list[wire.ItemOutcome]]:
    """Propose to reverse posted transactions, whole or in part (supervisors and the office; 202), for a second
    person to confirm."""
    return answer(await corrections.correct(services, request.user, data))


@post("/holds", status_code=200)
async def place_holds(
    data: Annotated[list[wire.NewHold], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> list[wire.ItemOutcome]:
    """Reserve points of households for a supermarket until a moment (committees and the office)."""
    return await holds.place_holds(services, request.user, data)


@post("/holds/settlements", status_code=200)
async def settle_holds(
    data: Annotated[list[wire.HoldSettlement], Body(min_items=1, max_items=500)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> list[wire.ItemOutcome]:
    """Post holds, whole or in part, or void them."""
    return await holds.settle_holds(services, request.user, data)


@get("/holds")
async def list_holds(
    household: FromQuery[str], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.HoldView]:
    """The open holds of a household, the first to expire first."""
    return await holds.list_holds(services, request.user, household)


@post("/periods", status_code=200)
async def close_period(
    data: JSONBody[wire.NewPeriodClosing], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | wire.PeriodClosing]:
    """Propose to close a month and all earlier ones (202), for a person of the other body to confirm; late entries
    go to the first open month."""
    return answer(await periods.close_period(services, request.user, data))


@get("/periods")
async def list_closings(services: NamedDependency[Services], request: StaffRequest) -> list[wire.PeriodClosing]:
    """All closings, newest first."""
    return await periods.list_closings(services, request.user)


@post("/imports", status_code=200)
async def import_rows(
    data: JSONBody[wire.ImportBatch], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | list[wire.RowOutcome]]:
    """Propose points of an earlier scheme (office; 202), for a second person to confirm."""
    return answer(await imports.import_batch(services, request.user, data))


router = Router(
    "/v1",
    route_handlers=[
        list_accounts,
        get_balance,
        get_statement,
        get_month,
        get_transaction,
        correct,
        place_holds,
        settle_holds,
        list_holds,
        close_period,
        list_closings,
        import_rows,
    ],
    guards=[staff_only],
    tags=["books"],
)
