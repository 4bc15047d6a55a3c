"""`/desk/backups`: which backups count, where they are, and the parts of their key."""

from __future__ import annotations

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import File, Redirect, Template

from api.bookkeeping.backup import key_printing, status
from api.platform.access import Role, StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code
from api.web.page import render_page

BACKUPS_PATH = "/desk/backups"
_TELLABLE = (ErrorCode.WRONG_STATE, ErrorCode.KEY_WORDS_WRONG)


@get(BACKUPS_PATH)
async def show_backups(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return render_page(
        request,
        "bookkeeping/backup/backups.html",
        staff=request.user,
        backup_status=status.read_status(services, request.user),
        prints=request.user.may(Role.OFFICE),
    )


@get(f"{BACKUPS_PATH}/files/{{name:str}}", sync_to_thread=False)
def download(request: StaffRequest, services: NamedDependency[Services], name: FromPath[str]) -> File:
    """It is encrypted, so it may be carried on any stick."""
    file = status.find_backup(services, request.user, name)
    return File(file, filename=name, media_type="application/octet-stream")


@post(f"{BACKUPS_PATH}/key")
async def propose_printing(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    try:
        await key_printing.propose_printing(services, request.user)
    except Refused as error:
        return _tell(error)
    return see_other(BACKUPS_PATH, "已提议，等办公室的另一个人或监委在“两人办理”里确认。")


@post(f"{BACKUPS_PATH}/key/parts", status_code=200)
async def show_parts(request: StaffRequest, services: NamedDependency[Services]) -> Template | Redirect:
    try:
        shown = key_printing.show_parts(services, request.user)
    except Refused as error:
        return _tell(error)
    return render_page(request, "bookkeeping/backup/shown_parts.html", staff=request.user, shown=shown)


@post(f"{BACKUPS_PATH}/key/printed")
async def confirm_printed(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    words = [read_code(form, f"word{number}") for number in (1, 2, 3)]
    try:
        printed = key_printing.confirm_printed(services, request.user, words)
    except Refused as error:
        return _tell(error)
    return see_other(BACKUPS_PATH, f"三片钥匙（{printed.fingerprint}）已印好，服务器已忘掉钥匙。请分给三处保管。")


def _tell(error: Refused) -> Redirect:
    if error.code not in _TELLABLE:
        raise error
    return see_other(BACKUPS_PATH, error.detail, "refused")


router = Router(
    "/",
    route_handlers=[show_backups, download, propose_printing, show_parts, confirm_printed],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
