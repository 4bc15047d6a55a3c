"""`/c/{token}`: the page behind the code on a household's card."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.cards.passbook import passbook
from api.pages.page import page
from api.pages.refusals import AS_PAGES
from api.town import Town
from rules import limit_text, rule_words


# Printed codes hold capitals, which make them smaller; typed ones come as they come.
@get(["/c/{token:str}", "/C/{token:str}"])
async def household(
    token: FromPath[str], town: NamedDependency[Town], request: Request[Any, Any, Any]
) -> Template:
    return page(
        request,
        "cards/household.html",
        passbook=await passbook(town, token),
        token=token,
        limit_text=limit_text,
        rule_words=rule_words,
    )


router = Router("/", route_handlers=[household], exception_handlers=AS_PAGES, include_in_schema=False)
