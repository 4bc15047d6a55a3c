"""`/c/{token}`: the page behind the code on a household's card; `/desk/card-pins`, where a forgotten PIN is taken
away."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jinja2
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template
from markupsafe import Markup

from api.access import StaffRequest, staff_only
from api.cards import pins
from api.cards.passbook import passbook
from api.cards.token import parse
from api.pages.flash import see_other
from api.pages.form import typed
from api.pages.page import page, template
from api.pages.refusals import AS_PAGES
from api.problems import Refused
from api.rulebooks.use_cases import KEPT
from api.town import Town
from rules import Rulebook, limit_text, rule_words

RESETS = "/desk/card-pins"

# What a household can put right on the form itself.
_ON_THE_FORM = ("pin-malformed", "pins-differ", "wrong-card-pin", "card-pin-locked")


# Printed codes hold capitals, which make them smaller; typed ones come as they come.
@get(["/c/{token:str}", "/C/{token:str}"])
async def household(
    token: FromPath[str], town: NamedDependency[Town], request: Request[Any, Any, Any]
) -> Template:
    seen = await passbook(town, token)
    return page(
        request,
        "cards/household.html",
        passbook=seen,
        token=token,
        ways=_ways(template(request, "cards/ways.html"), seen.book) if seen.book is not None else "",
        thresholds=pins.ABOVE,
    )


# A book says the same to every household, and has much to say.
@lru_cache(maxsize=KEPT)
def _ways(shown: jinja2.Template, book: Rulebook) -> Markup:
    return Markup(shown.render(book=book, limit_text=limit_text, rule_words=rule_words))


@post("/c/{token:str}/pin")
async def choose_pin(
    token: FromPath[str], town: NamedDependency[Town], request: Request[Any, Any, Any]
) -> Redirect:
    form, own = await request.form(), f"/c/{parse(token)}"
    above = typed(form, "above")
    try:
        await pins.choose(
            town,
            token,
            old=typed(form, "old"),
            pin=typed(form, "pin"),
            again=typed(form, "again"),
            above=int(above) if above.isdecimal() and len(above) < 9 else 0,
        )
    except Refused as error:
        return _beside_the_form(own, error)
    return see_other(own, f"密码已设好：一次兑换超过 {above} 分要密码。请记牢。")


@post("/c/{token:str}/pin/remove")
async def remove_pin(
    token: FromPath[str], town: NamedDependency[Town], request: Request[Any, Any, Any]
) -> Redirect:
    form, own = await request.form(), f"/c/{parse(token)}"
    try:
        await pins.remove(town, token, old=typed(form, "old"))
    except Refused as error:
        return _beside_the_form(own, error)
    return see_other(own, "密码已取消，兑换不再要密码。")


def _beside_the_form(own: str, error: Refused) -> Redirect:
    if error.word not in _ON_THE_FORM:
        raise error
    return see_other(own, error.detail, "refused")


@get(RESETS, guards=[staff_only])
async def resets(request: StaffRequest, town: NamedDependency[Town]) -> Template:
    return page(
        request,
        "cards/pin_resets.html",
        staff=request.user,
        resets=await pins.resets(town, request.user),
        may_reset=request.user.may(*pins.RESETTERS),
    )


@post(RESETS, guards=[staff_only])
async def reset(request: StaffRequest, town: NamedDependency[Town]) -> Redirect:
    form = await request.form()
    code, reason = typed(form, "household"), typed(form, "reason")
    if not code or not 1 <= len(reason) <= 200:
        return see_other(RESETS, "请填户号，写明谁来说的、怎样核对的，最多 200 字。", "refused")
    try:
        await pins.reset(town, request.user, code, reason)
    except Refused as error:
        if error.word not in ("unknown", "no-pin"):
            raise
        return see_other(RESETS, error.detail, "refused")
    return see_other(RESETS, f"{code} 户的积分卡密码已取消，请户主再设一个。")


router = Router(
    "/",
    route_handlers=[household, choose_pin, remove_pin, resets, reset],
    exception_handlers=AS_PAGES,
    include_in_schema=False,
)
