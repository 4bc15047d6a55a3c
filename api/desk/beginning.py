"""The first steps of a township, on the office's home until all are done or somebody puts them away."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy import text

from api.desk.navigation import list_nav_groups
from api.platform.access import Role, Staff, StaffRequest, require_township, staff_only
from api.platform.backup.catalogue import read_catalogue
from api.platform.clock import local_date
from api.platform.services import Services
from api.registry.founding.defaults import dismiss_beginning
from api.registry.people.pages import DESK
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other

_RULEBOOKS = "/desk/rulebooks"
_STEPS = (
    ("second", "/desk/people", "第二个人凭邀请单设好密码，登录一次"),
    ("rulebook", _RULEBOOKS, "积分办法由第二个人确认，开始执行"),
    ("villages", "/desk/register", "登记各村"),
    ("grids", "/desk/register", "登记各村的网格"),
    ("households", "/desk/register", "登记农户"),
    ("cards", "/desk/cards", "给农户印积分卡"),
    ("supermarket", "/desk/supermarkets", "登记积分超市"),
    ("goods", "/desk/goods", "物品定好分值，上了货架"),
    ("till", "/desk/tills", "超市的终端登记好了"),
    ("redemption", "/desk/tills", "有一户兑换过一次"),
    ("backup", "/desk/backups", "有一份证明过能恢复的备份"),
)
# Of many capabilities, and of each only whether there is one.
_DONE = text("""
    select (select count(*) from person p
             where p.township = :township and p.township_wide and 'office' = any (p.roles)
               and p.password_hash is not null) > 1 as second,
           exists (select from rulebook_adoption a
                    where a.township = :township and a.village = '' and a.confirmed_at is not null
                      and a.withdrawn_at is null and a.effective_from <= :today) as rulebook,
           exists (select from village v where v.township = :township) as villages,
           exists (select from grid g where g.township = :township) as grids,
           exists (select from household h where h.township = :township) as households,
           exists (select from card c where c.township = :township) as cards,
           exists (select from supermarket s where s.township = :township) as supermarket,
           exists (select from ledger.account a
                     join ledger.balance b on b.township = a.township and b.account = a.id
                    where a.township = :township and a.name like 'supermarket:%:shelf:%'
                      and b.posted > 0) as goods,
           exists (select from kiosk_enrolment e where e.township = :township) as till,
           exists (select from redemption r where r.township = :township) as redemption,
           exists (select from beginning_dismissal d where d.township = :township) as dismissed
""")


@dataclass(frozen=True, slots=True)
class FirstStep:
    """`path`: where it is done, for who may; else empty."""

    text: str
    path: str
    done: bool


async def list_first_steps(services: Services, staff: Staff) -> list[FirstStep]:
    """Nothing where all are done or put away, and for whoever isn't of the township's office."""
    if not (staff.may(Role.OFFICE) and staff.serves_township):
        return []
    async with services.unit_of_work() as uow:
        row = await uow.session.execute(_DONE, {"township": uow.township, "today": local_date(uow.now)})
        done = dict(row.mappings().one())
    if done["dismissed"]:
        return []
    done["backup"] = any(backup.proven_at is not None for backup in read_catalogue(services.data).backups)
    places = {_RULEBOOKS, *(card.path for group in list_nav_groups(staff) for card in group.cards)}
    steps = [FirstStep(text, path if path in places else "", done[name]) for name, path, text in _STEPS]
    return [] if all(step.done for step in steps) else steps


@post("/desk/beginning/dismiss")
async def dismiss(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    require_township(request.user, Role.OFFICE)
    await dismiss_beginning(services, request.user)
    return see_other(DESK, "开头几步收起来了。")


router = Router(
    "/", route_handlers=[dismiss], guards=[staff_only], exception_handlers=ERROR_PAGES, include_in_schema=False
)
