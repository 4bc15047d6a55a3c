"""`/desk/households`: find a household, see all of it, and change it."""

from __future__ import annotations

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from api.bookkeeping.general_ledger import accounts as ledger_accounts
from api.desk.households.dossier import read_dossier
from api.desk.households.forms import FORMS, ChangeForm
from api.platform import accounts
from api.platform.access import StaffRequest, require, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.register.changing import READERS, change_household, preview_change
from api.registry.register.search import LIMIT, search_households
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code
from api.web.page import render_page

HOUSEHOLDS = "/desk/households"
_STATEMENT_PAGE = 50


@get(HOUSEHOLDS)
async def search(
    request: StaffRequest, services: NamedDependency[Services], q: FromQuery[str] = "", ended: FromQuery[str] = ""
) -> Template:
    require(request.user, *READERS)
    found = await search_households(services, request.user, q, ended=bool(ended))
    return render_page(
        request,
        "desk/households/search.html",
        staff=request.user,
        searched=q,
        ended=bool(ended),
        found=found,
        cut=len(found) == LIMIT,
    )


@get(HOUSEHOLDS + "/{code:str}")
async def show(code: FromPath[str], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    dossier = await read_dossier(services, request.user, code)
    return render_page(request, "desk/households/household.html", staff=request.user, dossier=dossier, forms=FORMS)


@get(HOUSEHOLDS + "/{code:str}/statement")
async def show_statement(
    code: FromPath[str], request: StaffRequest, services: NamedDependency[Services], before: FromQuery[str] = ""
) -> Template:
    """As long as its account is read by this person; a merged household's has its own."""
    dossier = await read_dossier(services, request.user, code)
    name = accounts.household(code).name
    statement = await ledger_accounts.read_statement(services, request.user, name, _STATEMENT_PAGE, before, None)
    return render_page(
        request,
        "desk/households/statement.html",
        staff=request.user,
        dossier=dossier,
        statement=statement,
        owner_of=accounts.parse_owner,
        describe=accounts.describe_account,
    )


@get(HOUSEHOLDS + "/{code:str}/{form:str}")
async def show_form(
    code: FromPath[str], form: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Template:
    dossier = await read_dossier(services, request.user, code)
    return render_page(
        request,
        "desk/households/form.html",
        staff=request.user,
        dossier=dossier,
        form=_find_form(form),
        values={},
        preview=[],
        refusal="",
    )


@post(HOUSEHOLDS + "/{code:str}/{form:str}", status_code=200)
async def send_form(
    code: FromPath[str], form: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Template | Redirect:
    """First shows what would follow; then, sent again with a person's word, does it."""
    chosen = _find_form(form)
    sent = await request.form()
    dossier = await read_dossier(services, request.user, code)
    path = f"{HOUSEHOLDS}/{code}"
    preview: list[str] = []
    refusal = ""
    try:
        wanted = chosen.read(sent, dossier.places)
        if read_code(sent, "seen"):
            if chosen.act is None:
                await change_household(services, request.user, code, wanted)
                return see_other(path, "已改好，记在下面的变动里。")
            await chosen.act.propose(services, request.user, code, wanted)
            return see_other(path, f"{chosen.title}已提议，等另一个人在“两人办理”里确认。")
        if chosen.act is None:
            preview = await preview_change(services, request.user, code, wanted)
            refusal = "" if preview else "填的和现在一样，没有要改的。"
        else:
            preview = await chosen.act.preview(services, request.user, code, wanted)
    except Refused as error:
        if error.code in (ErrorCode.NOT_SIGNED_IN, ErrorCode.BUSY):
            raise
        refusal = error.detail
    names = ["effective_on", "reason", *(field.name for field in chosen.fields)]
    return render_page(
        request,
        "desk/households/form.html",
        staff=request.user,
        dossier=dossier,
        form=chosen,
        values={name: str(sent.get(name, "")) for name in names},
        preview=preview,
        refusal=refusal,
    )


def _find_form(name: str) -> ChangeForm:
    if name not in FORMS:
        raise NotFoundException
    return FORMS[name]


router = Router(
    "/",
    route_handlers=[search, show, show_statement, show_form, send_form],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
