"""`/desk/claims`: forms to review, approve, refuse and send back claims, to undo that for a minute, and to
withdraw one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, Router, post
from litestar.datastructures import FormMultiDict, State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from api.awards.claims.outcomes import tell_outcomes
from api.awards.review import held, returning
from api.awards.review.held import STEPS, DeskAct
from api.awards.review.queries import sum_up_waiting
from api.desk.claims.lists import CLAIMS, find_next_address
from api.platform.access import StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.pages import DESK
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_choices, read_code, read_field
from api.web.page import render_page

DONE: Final[Mapping[DeskAct, str]] = {
    DeskAct.REVIEW: "评议通过",
    DeskAct.APPROVE: "审定并公示",
    DeskAct.REFUSE: "不通过",
    DeskAct.RETURN: "退回更正",
}
OFFERED_REASONS: Final = ("凭据不够，请补上", "日期不对", "户不对", "不是这一项", "重复申报")
"""One tap each."""


@post(f"{CLAIMS}/review", status_code=200)
async def review(request: StaffRequest, services: NamedDependency[Services], state: State) -> Response[Any]:
    return await _sign(request, services, state, DeskAct.REVIEW)


@post(f"{CLAIMS}/approve", status_code=200)
async def approve(request: StaffRequest, services: NamedDependency[Services], state: State) -> Response[Any]:
    return await _sign(request, services, state, DeskAct.APPROVE)


async def _sign(request: StaffRequest, services: Services, state: State, act: DeskAct) -> Response[Any]:
    """The claims ticked in a list, or the one that is open. Several are shown with their sums first."""
    form = await request.form()
    ids = _read_ids(form, "claims")
    if not ids:
        return see_other(DESK, "请先勾选要办理的申报。", "refused")
    if len(ids) > 1 and not read_code(form, "confirmed"):
        return render_page(
            request,
            "desk/claims/preview.html",
            staff=request.user,
            act=act,
            done=DONE[act],
            ids=ids,
            sums=await sum_up_waiting(services, request.user, STEPS[act], ids),
        )
    return await _decide(request, services, state, act, ids, form)


@post(CLAIMS + "/{id:uuid}/refuse")
async def refuse(
    id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services], state: State
) -> Redirect:
    return await _decide_with_reason(request, services, state, DeskAct.REFUSE, id)


@post(CLAIMS + "/{id:uuid}/return")
async def send_back(
    id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services], state: State
) -> Redirect:
    return await _decide_with_reason(request, services, state, DeskAct.RETURN, id)


async def _decide_with_reason(
    request: StaffRequest, services: Services, state: State, act: DeskAct, id: UUID
) -> Redirect:
    """The reason is one of those offered, by a tap, or in own words."""
    form = await request.form()
    reason = read_field(form, "offered") or read_field(form, "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{CLAIMS}/{id}", "请写明理由，最多 200 字。", "refused")
    return await _decide(request, services, state, act, [id], form, reason)


async def _decide(
    request: StaffRequest,
    services: Services,
    state: State,
    act: DeskAct,
    ids: list[UUID],
    form: FormMultiDict,
    reason: str = "",
) -> Redirect:
    """On to the next claim of the list that they were opened from."""
    outcomes = await held.decide(services, request.user, act, ids, reason, state.undo_for)
    message, tone = tell_outcomes(DONE[act], outcomes)
    return see_other(await find_next_address(services, request.user, read_code(form, "in"), ids), message, tone)


@post(f"{CLAIMS}/undo")
async def undo(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    wanted = _read_ids(await request.form(), "held")
    undone = await held.undo(services, request.user, wanted)
    if not undone:
        return see_other(DESK, "已经过了可以撤回的时间，没有撤回。", "refused")
    return see_other(DESK, f"撤回了 {undone} 件，它们又在等您办。")


@post(CLAIMS + "/{id:uuid}/withdraw")
async def withdraw(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    await returning.withdraw(services, request.user, id)
    return see_other(DESK, "已撤回。")


def _read_ids(form: FormMultiDict, name: str) -> list[UUID]:
    try:
        return [UUID(id) for id in read_choices(form, name)]
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再试。") from None


router = Router(
    "/",
    route_handlers=[review, approve, refuse, send_back, undo, withdraw],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
