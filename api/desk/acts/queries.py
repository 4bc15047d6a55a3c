"""The list of acts, newest first, page by page. What was done at once is one line, as a person did it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from api import wire
from api.awards.claims.naming import name_claims
from api.desk.acts.kinds import DETAILS, FIELDS, TITLES
from api.platform.access import Role, Staff
from api.platform.clock import end_of_day, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import find_people, name_villages, read_names
from api.registry.register.queries import read_households_by_code
from api.shop.kiosks.queries import read_attendant_names
from api.shop.supermarkets.queries import read_supermarket_names
from ledger.tables import act

PAGE = 50
"""Lines on a page."""


@dataclass(frozen=True, slots=True)
class ActSearch:
    """What is asked for; whatever is empty asks for nothing. `person`: part of a name; `field`: of work; `about`:
    `kind:id`; `since` and `until`: days, both included; `together`: what was done at once with the act of this
    key, one by one; `before`: where the page before ended."""

    person: str = ""
    field: str = ""
    village: str = ""
    about: str = ""
    since: date | None = None
    until: date | None = None
    together: str = ""
    before: str = ""


def reads_all(staff: Staff) -> bool:
    """Whether this person reads what others did: supervisors, that of their village and of the whole township."""
    return staff.may(Role.SUPERVISOR)


async def list_acts(services: Services, staff: Staff, asked: ActSearch) -> wire.ActPage:
    """Raises Refused: malformed."""
    async with services.snapshot() as uow:
        conditions = await _list_conditions(uow, staff, asked)
        group: tuple[Any, ...] = (act.c.acted_at, act.c.person, act.c.kind, act.c.scope)
        first = func.min(act.c.key)
        rows = (
            await uow.session.execute(
                select(
                    *group,
                    first.label("key"),
                    func.count().label("number"),
                    func.min(act.c.about).label("about"),
                    func.min(act.c.detail).label("detail"),
                    func.min(act.c.reason).label("reason"),
                )
                .where(*conditions)
                .group_by(*group, *([act.c.key] if asked.together else []))
                .having(*_after_page(asked.before, first))
                .order_by(act.c.acted_at.desc(), first)
                .limit(PAGE + 1)
            )
        ).all()
        shown = await _tell(uow, staff, rows[:PAGE])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return wire.ActPage(shown, last and f"{last.acted_at.isoformat()} {last.key}")


async def _list_conditions(uow: UnitOfWork, staff: Staff, asked: ActSearch) -> list[ColumnElement[bool]]:
    conditions = [act.c.township == uow.township]
    if not reads_all(staff):
        conditions.append(act.c.person == str(staff.id))
    elif staff.village is not None:
        conditions.append(act.c.scope.in_([staff.village, ""]))
    if asked.person:
        conditions.append(act.c.person.in_(await _find_actors(uow, asked.person)))
    if asked.field:
        kinds = [kind for field in FIELDS if field.name == asked.field for kind in field.kinds]
        conditions.append(act.c.kind.in_(kinds))
    if asked.village:
        conditions.append(act.c.scope == asked.village)
    if asked.about:
        conditions.append(act.c.about == asked.about)
    if asked.since is not None:
        conditions.append(act.c.acted_at >= start_of_day(asked.since))
    if asked.until is not None:
        conditions.append(act.c.acted_at <= end_of_day(asked.until))
    if asked.together:
        same = act.alias()
        named = select(same.c.acted_at, same.c.person, same.c.kind, same.c.scope).where(
            same.c.township == uow.township, same.c.key == asked.together
        )
        found = (await uow.session.execute(named)).one_or_none()
        if found is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这一条记录。")
        conditions += [act.c[name] == value for name, value in found._mapping.items()]
    if asked.before:
        conditions.append(act.c.acted_at <= _read_cursor(asked.before)[0])
    return conditions


async def _find_actors(uow: UnitOfWork, text: str) -> list[str]:
    attendants = await read_attendant_names(uow)
    found = [*await find_people(uow, text), *(id for id, name in attendants.items() if text in name)]
    return [str(id) for id in found]


def _after_page(before: str, first: ColumnElement[str]) -> list[ColumnElement[bool]]:
    if not before:
        return []
    moment, key = _read_cursor(before)
    return [or_(act.c.acted_at < moment, first > key)]


def _read_cursor(before: str) -> tuple[datetime, str]:
    moment, _, key = before.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not key:
        raise Refused(ErrorCode.MALFORMED, "翻页标记不对，请从第一页重新查起。")
    return at, key


async def _tell(uow: UnitOfWork, staff: Staff, rows: Sequence[Any]) -> list[wire.ActView]:
    """Of what several acts were about nothing is told but their number."""
    abouts: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.number == 1:
            kind, _, id = row.about.partition(":")
            abouts[kind].add(id)
    people = {UUID(id) for id in (*(row.person for row in rows), *abouts["person"], *abouts["attendant"])}
    names = await read_names(uow, people) | await read_attendant_names(uow, people)
    villages = await name_villages(uow)
    claims = await name_claims(uow, staff, {UUID(id) for id in abouts["claim"]})
    households = await read_households_by_code(uow, abouts["household"])
    supermarkets = await read_supermarket_names(uow)

    def describe(about: str) -> str:
        kind, _, id = about.partition(":")
        match kind:
            case "claim":
                return claims[UUID(id)].text
            case "household":
                return f"{households[id].head} {id}" if id in households else id
            case "person" | "attendant":
                return names.get(UUID(id), "")
            case "draw":
                village, _, month = id.partition(" ")
                return f"{villages.get(village, village)} {month}"
            case "supermarket":
                return supermarkets.get(id, id)
            case "rule" | "rulebook" | "product":
                return id
        return ""

    def view(row: Any) -> wire.ActView:
        single = row.number == 1
        is_claim = row.about.startswith("claim:")
        shown = single and (not is_claim or claims[UUID(row.about.removeprefix("claim:"))].shown)
        return wire.ActView(
            key=row.key,
            acted_at=row.acted_at,
            person=names.get(UUID(row.person), ""),
            kind=row.kind,
            title=TITLES.get(row.kind, row.kind),
            village=villages.get(row.scope, ""),
            about=row.about if single else "",
            subject=describe(row.about) if single else "",
            # A claim's name tells its rule and points.
            detail=DETAILS.get(row.detail, "" if is_claim else row.detail) if shown else "",
            reason=row.reason if shown else "",
            number=row.number,
        )

    return [view(row) for row in rows]
