"""`/desk`: whoever is signed in finds here what waits for them."""

from __future__ import annotations

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from api.awards.claims.statuses import STATUS
from api.awards.declaring.confirming import count_waiting
from api.awards.draws.queries import DrawSummary, list_waiting_draws
from api.awards.objections.deciding import OUTCOMES
from api.awards.objections.pages import WAYS
from api.awards.objections.queries import list_objections
from api.awards.review.held import list_held
from api.awards.review.queries import load_desk
from api.awards.rulebooks.adoption_views import count_confirmable
from api.bookkeeping.seals.clock_warnings import list_clock_warnings
from api.bookkeeping.seals.restores import list_restore_warnings
from api.desk.beginning import list_first_steps
from api.desk.claims.deciding import DONE
from api.desk.overview import read_overview
from api.desk.proposals.kinds import KINDS
from api.platform.access import Role, Staff, StaffRequest, staff_only
from api.platform.backup.status import read_backup_status
from api.platform.disk import find_low_disk
from api.platform.services import Services
from api.registry.people.duties import ROLE_TITLES
from api.registry.people.pages import DESK
from api.registry.proposals import deciding
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page

_WATCHERS = (Role.OFFICE, Role.SUPERVISOR)


@get(DESK)
async def home(
    request: StaffRequest, services: NamedDependency[Services], chosen: FromQuery[str] = ""
) -> Template:
    """`chosen` names the list in which every claim is ticked: what a script would do elsewhere."""
    return render_page(
        request,
        "desk/home.html",
        staff=request.user,
        titles=[ROLE_TITLES[role] for role in ROLE_TITLES if role in request.user.roles],
        desk=await load_desk(services, request.user),
        hints=await _read_hints(services, request.user),
        held=await list_held(services, request.user),
        done=DONE,
        first_steps=await list_first_steps(services, request.user),
        objections=await list_objections(services, request.user) if request.user.may(Role.SUPERVISOR) else [],
        draws=await _list_waiting_draws(services, request.user),
        ways=WAYS,
        outcomes=OUTCOMES,
        overview=await read_overview(services, request.user),
        warnings=[
            *await list_clock_warnings(services),
            *await list_restore_warnings(services),
            *_list_disk_warnings(services, request.user),
            *_list_backup_warnings(services, request.user),
        ]
        if request.user.may(*_WATCHERS)
        else [],
        chosen=chosen,
        statuses=STATUS,
    )


async def _list_waiting_draws(services: Services, staff: Staff) -> list[DrawSummary]:
    if not staff.may(Role.SUPERVISOR):
        return []
    async with services.unit_of_work() as uow:
        return await list_waiting_draws(uow, staff)


async def _read_hints(services: Services, staff: Staff) -> dict[str, str]:
    """What is said beside parts of the desk where there is more to say than what they are for, by their paths."""
    hints = {}
    if staff.may(Role.PARTY_BRANCH):
        hints["/desk/rulebooks"] = "现行规则、起草、提议和确认"
    if waiting := await count_confirmable(services, staff):
        hints["/desk/rulebooks"] = f"{waiting} 份提议等您确认"
    if waiting := await deciding.count_confirmable(services, KINDS, staff):
        hints["/desk/proposals"] = f"{waiting} 份等您确认"
    if waiting := await count_waiting(services, staff):
        hints["/desk/own-declarations"] = f"{waiting} 件等您确认"
    return hints


def _list_disk_warnings(services: Services, staff: Staff) -> list[str]:
    """To those who answer for the whole server."""
    low = find_low_disk(services.data, services.measure) if staff.serves_township else None
    if low is None:
        return []
    return [f"服务器的硬盘快满了，只剩 {low}：满了就什么也记不下。请联系维护的人腾出空间。"]


def _list_backup_warnings(services: Services, staff: Staff) -> list[str]:
    """To the same."""
    status = read_backup_status(services.data, services.clock.now())
    if not (status.late and staff.serves_township):
        return []
    if status.made_at is None:
        return [f"{status.sentence}：今天夜里会自己做；等不到夜里，请维护的人运行 jimei backup。"]
    return [f"{status.sentence}：硬盘坏了，那以后的账就没有了。请联系维护的人。"]


router = Router(
    "/", route_handlers=[home], guards=[staff_only], exception_handlers=ERROR_PAGES, include_in_schema=False
)
