"""`/desk/policies`: the township's policies, each in one sentence, and where two people change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from litestar import Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from api import wire
from api.bookkeeping.expiry import use_cases as expiry
from api.platform.access import Role, StaffRequest, staff_only
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.founding import defaults
from api.registry.proposals import bounds
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field
from api.web.page import render_page

POLICIES = "/desk/policies"
T = TypeVar("T", bound=msgspec.Struct)


@get(POLICIES)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    staff = request.user

    def may(*roles: Role) -> bool:
        return staff.serves_township and staff.may(*roles)

    return render_page(
        request,
        "desk/policies/policies.html",
        staff=staff,
        defaults=await defaults.show_defaults(services),
        default_sentences=defaults.SENTENCES,
        may_change_defaults=may(*defaults.PROPOSERS),
        bounds=await bounds.show_policy(services),
        bound_sentences=bounds.SENTENCES,
        may_change_bounds=may(*bounds.PROPOSERS),
        expiry=[(view, expiry.describe(view)) for view in await expiry.list_policies(services)],
        may_change_expiry=may(Role.PARTY_BRANCH),
    )


@post(f"{POLICIES}/defaults")
async def change_defaults(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    wanted = _read_numbers(await request.form(), wire.TownshipDefaults, defaults.SENTENCES)
    if wanted is None:
        times = "公示 0 到 30 天，断网 1 到 60 天，答复 1 到 60 天，照片 30 到 1830 天"
        bounds_told = f"{times}；留分最多 10000 分，表决 1 到 15 人"
        return see_other(POLICIES, f"请填整数：{bounds_told}。", "refused")
    return _tell(await defaults.propose_defaults(services, request.user, wanted))


@post(f"{POLICIES}/bounds")
async def change_bounds(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    wanted = _read_numbers(await request.form(), wire.ApprovalPolicy, bounds.SENTENCES)
    if wanted is None:
        return see_other(POLICIES, "各项限度都请填整数：盘点分数、分值改动的百分比、发卡张数。", "refused")
    return _tell(await bounds.propose_policy(services, request.user, wanted))


@post(f"{POLICIES}/expiry")
async def change_expiry(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    kind = read_code(form, "expiry")
    fields = {"kind": kind, "effective_on": read_code(form, "effective_on"), "reason": read_field(form, "reason")}
    months = {"months": read_code(form, "months")} if kind == "rolling" else {}
    try:
        wanted = msgspec.convert(fields | months, wire.NewExpiryPolicy, strict=False)
    except msgspec.ValidationError:
        return see_other(POLICIES, "请选好办法，填生效日期和理由；按月过期的，填 1 到 120 个月。", "refused")
    try:
        return _tell(await expiry.adopt(services, request.user, wanted))
    except Refused as error:
        return see_other(POLICIES, error.detail, "refused")


def _read_numbers(form: FormMultiDict, struct: type[T], sentences: Mapping[str, str]) -> T | None:
    """None for what isn't one of its values."""
    try:
        values = {name: read_code(form, name) for name in sentences if name in form}
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError:
        return None


def _tell(result: Any) -> Redirect:
    if isinstance(result, wire.ProposalView):
        return see_other(POLICIES, "已提议，等第二个人在“两人办理”里确认。")
    return see_other(POLICIES, "本来就是这样，没有改动。")


router = Router(
    "/",
    route_handlers=[overview, change_defaults, change_bounds, change_expiry],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
