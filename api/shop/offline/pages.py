"""`/desk/tills`: the kiosks, and the entries of their journals that a person has to decide."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api import wire
from api.platform.access import Role, StaffRequest, require, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.freezes.queries import read_kiosk_freezes
from api.shop.kiosks import enrolment
from api.shop.offline import ending, exceptions, till_status
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field
from api.web.page import render_page
from api.web.qr import render_qr
from api.wire.till_exceptions import TillDecision

TILLS = "/desk/tills"

# Prefix of the QR code that the kiosk's scanner reads.
ENROL_PREFIX = "JIMEI:ENROL:"

_OWN_NAMES = ("localhost", "127.0.0.1", "::1")

DECISIONS = {"accepted": "已受理", "noted": "已核对", "dismissed": "已驳回"}

# Refusals shown above the list, so that one can go on with the next entry.
_SHOWN_WITH_LIST = ("insufficient-points", "already-there", "abandoned", "wrong-state", "reason-missing")


@get(TILLS)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    office = request.user.serves_township and request.user.may(Role.OFFICE)
    async with services.unit_of_work() as uow:
        frozen = await read_kiosk_freezes(uow)
    return render_page(
        request,
        "shop/offline/tills.html",
        staff=request.user,
        office=office,
        may_end=request.user.may(Role.OFFICE, Role.SUPERVISOR),
        tills=await till_status.list_tills(services, request.user),
        supermarkets=await till_status.list_all_supermarkets(services) if office else [],
        exceptions=await exceptions.list_exceptions(services, request.user),
        decisions=DECISIONS,
        frozen=frozen,
        may_freeze=request.user.may(Role.SUPERVISOR),
    )


@post(TILLS, status_code=200)
async def add(request: StaffRequest, services: NamedDependency[Services]) -> Template | Redirect:
    form = await request.form()
    try:
        data = msgspec.convert(
            {"supermarket": read_code(form, "supermarket"), "name": read_field(form, "name")}, wire.NewKiosk
        )
    except msgspec.ValidationError:
        return see_other(TILLS, "请选好超市，给终端起个名字，如“前台”。", "refused")
    return await _show_code(request, services, await enrolment.add_kiosk(services, request.user, data))


@post(f"{TILLS}/{{kiosk:uuid}}/code", status_code=200)
async def new_code(kiosk: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return await _show_code(request, services, await enrolment.issue_code(services, request.user, kiosk))


async def _show_code(request: StaffRequest, services: Services, issued: wire.KioskCode) -> Template:
    """The code is shown in this response only: it is in no URL and can't be shown again. Its QR code has the
    server's address too, so that nothing has to be typed at the till."""
    address = f"{request.base_url.scheme}://{request.base_url.netloc}"
    return render_page(
        request,
        "shop/offline/code.html",
        staff=request.user,
        till=await till_status.read_till(services, request.user, issued.kiosk),
        code=[issued.code[start : start + 4] for start in range(0, len(issued.code), 4)],
        until=issued.until,
        address=address,
        # No other machine finds this one by such a name.
        only_here=request.base_url.hostname in _OWN_NAMES,
        qr=render_qr(f"{ENROL_PREFIX}{issued.code}/{address.upper()}", "登记码的二维码"),
    )


@post(f"{TILLS}/{{kiosk:uuid}}/leases")
async def set_leases(
    kiosk: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    form = await request.form()
    try:
        fields = {n: read_code(form, n) for n in ("most", "days", "idle_days") if n in form}
        data = msgspec.convert(fields, wire.LeasePolicy, strict=False)
    except msgspec.ValidationError:
        return see_other(TILLS, "每户最多预留 0 到 10000 分，断网和没有联系都是 1 到 60 天。", "refused")
    await enrolment.set_lease_policy(services, request.user, kiosk, data)
    return see_other(TILLS, "已改好，终端下次联网时生效。")


@post(f"{TILLS}/{{kiosk:uuid}}/lock")
async def set_lock(kiosk: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    try:
        minutes = {"minutes": read_code(await request.form(), "minutes")}
        data = msgspec.convert(minutes, wire.LockPolicy, strict=False)
    except msgspec.ValidationError:
        return see_other(TILLS, "多少分钟没有人碰就锁上，请填 1 到 480。", "refused")
    await enrolment.set_lock_policy(services, request.user, kiosk, data)
    return see_other(TILLS, "已改好，终端下次联网时生效。")


@get(f"{TILLS}/{{kiosk:uuid}}/end")
async def ask_to_end(
    kiosk: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Template:
    require(request.user, Role.OFFICE, Role.SUPERVISOR)
    till = await till_status.read_till(services, request.user, kiosk)
    return render_page(request, "shop/offline/end.html", staff=request.user, till=till)


@post(f"{TILLS}/{{kiosk:uuid}}/end")
async def end(kiosk: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{TILLS}/{kiosk}/end", "请写明理由，最多 200 字。", "refused")
    await ending.end_enrolment(services, request.user, kiosk, reason)
    return see_other(TILLS, "已停用，留在这台终端的积分都退回各户账户了。")


@post(f"{TILLS}/entries/{{kiosk:uuid}}/{{epoch:int}}/{{number:int}}/{{hash:str}}")
async def decide(
    kiosk: FromPath[UUID],
    epoch: FromPath[int],
    number: FromPath[int],
    hash: FromPath[str],
    request: StaffRequest,
    services: NamedDependency[Services],
) -> Redirect:
    form = await request.form()
    decision = TillDecision(accept=read_code(form, "answer") == "accept", reason=read_field(form, "reason"))
    try:
        key = bytes.fromhex(hash)
    except ValueError:
        raise Refused(ErrorCode.UNKNOWN, "没有这条记录。") from None
    try:
        decided = await exceptions.decide(services, request.user, kiosk, epoch, number, key, decision)
    except Refused as error:
        if error.code not in _SHOWN_WITH_LIST:
            raise
        return see_other(TILLS, error.detail, "refused")
    return see_other(TILLS, f"{DECISIONS[decided.decision]}：{decided.what}。")


router = Router(
    "/",
    route_handlers=[overview, add, new_code, set_leases, set_lock, ask_to_end, end, decide],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
