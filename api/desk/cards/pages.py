"""`/desk/cards`: who has a card, what happened to it, and what is done where it is lost."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from api.desk.cards import lists
from api.platform.access import Role, Staff, StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards import history, sheets, use_cases
from api.registry.cards.queries import find_suspended
from api.registry.cards.use_cases import ISSUERS
from api.registry.register.queries import list_grids, list_villages
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_field
from api.web.page import render_page
from api.wire.text import code_form

CARDS = "/desk/cards"
LISTS = "/desk/card-lists"

_LIST_TITLES = {
    lists.CardList.WITHOUT: ("还没有卡的户", "发一张，才能到超市兑换。"),
    lists.CardList.ORPHANED: (
        "销了户、卡还在的",
        "这些卡应当作废：在这一户的卡页上挂失，或请乡镇办公室核对销户。",
    ),
    lists.CardList.UNUSED: ("发了卡、还没有用过的", "从发卡那天起没有兑换过：卡可能没有发到手里，问一问。"),
    lists.CardList.FROZEN: ("挂失了、还没有补卡的", "找到了解除挂失，找不到补一张新卡。"),
}
_END_REASONS = {"lost": "挂失作废", "replaced": "补了新卡", "ended": "销户", "merged": "并户"}
_EVENTS = {
    "frozen": "挂失",
    "unfrozen": "解除挂失",
    "pin-set": "设了兑换密码",
    "pin-removed": "取消了兑换密码",
    "handed-over": "随并户转了过来",
    "pin-reset": "忘了密码，取消",
}


@get(CARDS, guards=[staff_only])
async def overview(
    request: StaffRequest, services: NamedDependency[Services], household: FromQuery[str] = ""
) -> Response[Any]:
    """`household`: a code to go to."""
    if household.strip():
        return see_other(f"{CARDS}/{code_form(household)}")
    staff = request.user
    async with services.unit_of_work() as uow:
        villages = [village for village in await list_villages(uow) if staff.serves(village.code)]
        grids = [grid for grid in await list_grids(uow) if staff.serves(grid.village)]
    return render_page(
        request,
        "desk/cards/overview.html",
        staff=staff,
        counts=await lists.count_cards(services, staff),
        may_issue=staff.may(*ISSUERS),
        villages=villages,
        grids=grids,
        sheets=await sheets.list_sheets(services, staff),
    )


@get(LISTS + "/{which:str}", guards=[staff_only])
async def show_list(
    which: FromPath[str], request: StaffRequest, services: NamedDependency[Services], village: FromQuery[str] = ""
) -> Response[Any]:
    if which not in list(lists.CardList):
        raise Refused(ErrorCode.UNKNOWN, "没有这个名单。")
    chosen = lists.CardList(which)
    total, listed = await lists.list_cards(services, request.user, chosen, village or None)
    title, hint = _LIST_TITLES[chosen]
    return render_page(
        request,
        "desk/cards/list.html",
        staff=request.user,
        title=title,
        hint=hint,
        total=total,
        listed=listed,
    )


@get(CARDS + "/{household:str}", guards=[staff_only])
async def show_household(
    household: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Response[Any]:
    cards = await history.list_cards(services, request.user, household)
    async with services.unit_of_work() as uow:
        found = await use_cases.find_served(uow, request.user, household)
        suspended = (await find_suspended(uow, [found.id])).get(found.id)
    return render_page(
        request,
        "desk/cards/household.html",
        staff=request.user,
        household=found,
        cards=cards,
        # One that was handed over to another household is in the history of both.
        living=next((card for card in cards if card.revoked_at is None and card.household == household), None),
        last_uses=await lists.read_last_uses(services, request.user, household),
        may_issue=request.user.may(*ISSUERS),
        may_freeze=request.user.may(Role.SUPERVISOR),
        suspended=suspended,
        recusal=request.user.find_recusal([household], "自己家的卡，由别人补卡和解除挂失。"),
        end_reasons=_END_REASONS,
        events=_EVENTS,
    )


@post(CARDS + "/{household:str}/freeze", guards=[staff_only])
async def freeze(household: FromPath[str], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    return await _report(household, request, services, frozen=True)


@post(CARDS + "/{household:str}/unfreeze", guards=[staff_only])
async def unfreeze(
    household: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    return await _report(household, request, services, frozen=False)


async def _report(household: str, request: StaffRequest, services: Services, *, frozen: bool) -> Redirect:
    path, reason = f"{CARDS}/{household}", read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(path, "请写明谁来说的、怎样核对的，最多 200 字。", "refused")
    staff: Staff = request.user
    try:
        if not frozen:
            await use_cases.unfreeze_card(services, staff, household, reason)
        elif not await use_cases.freeze_card(services, staff, household, reason):
            return see_other(path, "这张卡已经挂失了。")
    except Refused as error:
        if error.code not in (ErrorCode.WRONG_STATE, ErrorCode.NOT_ALLOWED):
            raise
        return see_other(path, error.detail, "refused")
    if frozen:
        return see_other(path, "已挂失：联网的终端马上不认这张卡，断网的终端要到下次联网才知道。")
    return see_other(path, "已解除挂失，这张卡又能用了；断网的终端要到下次联网才知道。")


router = Router(
    "/",
    route_handlers=[overview, show_list, show_household, freeze, unfreeze],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
