"""`/desk/proposals`: what waits for a second person, what was decided, and what one person decides alone."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api.desk.cards.issue_pages import show_kept
from api.desk.proposals.kinds import KINDS
from api.platform.access import StaffRequest, staff_only
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.cards.issuing import CARDS
from api.registry.proposals import deciding
from api.shop.stock_sheets.rates import write_yuan
from api.shop.stock_sheets.use_cases import SHEET, SheetDetail
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_field
from api.web.page import render_page

PROPOSALS = "/desk/proposals"
_CLOSED_SHOWN = 50


@get(PROPOSALS)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    closed = await deciding.list_proposals(services, KINDS, request.user, closed=True)
    return render_page(
        request,
        "desk/proposals/overview.html",
        staff=request.user,
        waiting=await deciding.list_proposals(services, KINDS, request.user, closed=False),
        closed=closed[:_CLOSED_SHOWN],
    )


@get(PROPOSALS + "/{id:uuid}")
async def show(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    """All that a second person has to see of a proposal that says more than a sentence."""
    proposal = await deciding.show_proposal(services, KINDS, request.user, id)
    return render_page(
        request,
        "desk/proposals/proposal.html",
        staff=request.user,
        proposal=proposal,
        lines=msgspec.convert(proposal.preview, list[SheetDetail]) if proposal.kind == SHEET.name else [],
        yuan=write_yuan,
    )


@post(PROPOSALS + "/{id:uuid}/confirm")
async def confirm(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    proposal = await deciding.show_proposal(services, KINDS, request.user, id)
    try:
        result = await deciding.confirm(services, KINDS, request.user, id)
    except Refused as error:
        return see_other(PROPOSALS, error.detail, "refused")
    if proposal.kind == CARDS.name and result is not None:
        # Who confirms prints: the cards are in the answer of the confirmation alone.
        return await show_kept(request, services, result)
    return see_other(PROPOSALS, "已确认，并已办好。")


@post(PROPOSALS + "/{id:uuid}/refuse")
async def refuse(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(PROPOSALS, "请写明为什么退回，最多 200 字。", "refused")
    try:
        await deciding.refuse(services, KINDS, request.user, id, reason)
    except Refused as error:
        return see_other(PROPOSALS, error.detail, "refused")
    return see_other(PROPOSALS, "已退回，什么都没有变动。")


router = Router(
    "/",
    route_handlers=[overview, show, confirm, refuse],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
