"""`/desk/declare`, `/desk/claims`: pages to declare, review, approve and refuse claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from api import wire
from api.awards.claims import declaration_form, declarations, queries, use_cases
from api.platform.access import Role, StaffRequest, require, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.pages import DESK
from api.registry.register.queries import HouseholdFacts
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_choices, read_code, read_field
from api.web.page import render_page

STATUS = {
    "declared": "待评议",
    "reviewed": "待审定",
    "approved": "公示中",
    "posted": "已入账",
    "corrected": "已更正",
    "refused": "未通过",
}


@get("/desk/declare")
async def choose_or_fill(
    request: StaffRequest, services: NamedDependency[Services], rule: FromQuery[str] = ""
) -> Template:
    """The form of a rule; without one, the list of rules."""
    require(request.user, *declarations.DECLARERS)
    book = await declaration_form.load_book(services, request.user)
    if rule not in book.rules:
        return render_page(request, "awards/claims/rules.html", staff=request.user, book=book)
    return await _form_page(request, services, declaration_form.new_form(book.get_rule(rule)))


@post("/desk/declare", status_code=200)
async def declare(request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    filled = declaration_form.read_form(
        await declaration_form.load_book(services, request.user), await request.form()
    )
    try:
        message = await declaration_form.submit(services, request.user, filled)
    except declaration_form.IncompleteForm as error:
        return await _form_page(request, services, error.form, str(error), error.candidates)
    return see_other(DESK, message)


@post("/desk/declare/every-household")
async def declare_for_all(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    try:
        data = msgspec.convert(
            {name: read_code(form, name) for name in ("village", "rule", "deed_on")}, wire.VillageClaims
        )
    except msgspec.ValidationError:
        return see_other(DESK, "请选好村和日期。", "refused")
    outcomes = await declarations.declare_for_every_household(services, request.user, data)
    return _redirect_with_results("申报", outcomes)


async def _form_page(
    request: StaffRequest,
    services: Services,
    form: declaration_form.DeclarationForm,
    problem: str = "",
    candidates: Sequence[HouseholdFacts] = (),
) -> Template:
    for_every_household = form.rule.every_household and request.user.may(Role.COMMITTEE)
    return render_page(
        request,
        "awards/claims/declare.html",
        status=422 if problem else 200,
        staff=request.user,
        form=form,
        problem=problem,
        candidates=candidates,
        villages=await queries.villages_served(services, request.user) if for_every_household else [],
    )


@get("/desk/claims/{id:uuid}")
async def claim(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return render_page(
        request,
        "awards/claims/claim.html",
        staff=request.user,
        claim=await queries.load_details(services, request.user, id),
        statuses=STATUS,
    )


@post("/desk/claims/review")
async def review(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    ids = _selected_ids(await request.form())
    return _redirect_with_results("评议通过", await use_cases.review(services, request.user, ids) if ids else ())


@post("/desk/claims/approve")
async def approve(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    ids = _selected_ids(await request.form())
    return _redirect_with_results(
        "审定并公示", await use_cases.approve(services, request.user, ids) if ids else ()
    )


@post("/desk/claims/{id:uuid}/refuse")
async def refuse(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{DESK}/claims/{id}", "请写明理由，最多 200 字。", "refused")
    await use_cases.refuse(services, request.user, id, reason)
    return see_other(DESK, "已退回，理由已记下。")


def _selected_ids(form: FormMultiDict) -> list[UUID]:
    try:
        return [UUID(id) for id in read_choices(form, "claims")]
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再试。") from None


def _redirect_with_results(done: str, outcomes: Sequence[wire.ClaimOutcome]) -> Redirect:
    """Back to the desk, with the number of successes and the reasons of refusals."""
    if not outcomes:
        return see_other(DESK, "请先勾选要办理的申报。", "refused")
    refused = [outcome for outcome in outcomes if outcome.status in ("refused", "declared-twice")]
    message = f"{done} {len(outcomes) - len(refused)} 件。"
    if refused:
        message += f"{len(refused)} 件没有办成：" + "".join(dict.fromkeys(outcome.reason for outcome in refused))
    return see_other(DESK, message, "refused" if refused else "done")


router = Router(
    "/",
    route_handlers=[choose_or_fill, declare, declare_for_all, claim, review, approve, refuse],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
