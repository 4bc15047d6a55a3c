"""`/desk/funds`: the money from which goods are bought, and what comes in."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.access import Role, StaffRequest, require_township, staff_only
from api.platform.errors import Refused
from api.platform.services import Services
from api.shop.stock.funds import record_funding
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_fen, read_field
from api.web.page import render_page

FUNDS = "/desk/funds"


@get(FUNDS)
async def show_fund(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    require_township(request.user, Role.OFFICE, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        fund = await uow.books.read_balance(accounts.FUND.id)
    return render_page(
        request,
        "shop/stock/funds.html",
        staff=request.user,
        fen=fund.posted,
        may_record=request.user.may(Role.OFFICE),
        new=uuid7(),
    )


@post(FUNDS + "/{id:uuid}")
async def record(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    """The form's id makes sending it twice harmless."""
    form = await request.form()
    entered = {
        "amount": read_fen(form, "yuan"),
        "source": read_code(form, "source"),
        "donor": read_field(form, "donor"),
        "anonymous": bool(read_code(form, "anonymous")),
        "note": read_field(form, "note"),
    }
    try:
        data = msgspec.convert(entered, wire.Funding)
    except msgspec.ValidationError:
        return see_other(FUNDS, "请填好多少元（最多两位小数）和从哪里来，没有登记。", "refused")
    try:
        proposal = await record_funding(services, request.user, id, data)
    except Refused as refused:
        return see_other(FUNDS, refused.detail, "refused")
    if proposal is None:
        return see_other(FUNDS, "这一笔已经在账里。")
    return see_other(FUNDS, "已提议，等另一个人在“两人办理”里确认；确认以前没有入账。")


router = Router(
    "/",
    route_handlers=[show_fund, record],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
