"""Claims from a sheet: every row's outcome is shown before anything is declared, and just that is declared."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import select

from api import wire
from api.awards.claim_sheets.sheet_table import ClaimSheet, ClaimTable, SheetRow, read_claim_table
from api.awards.claim_sheets.workbook import make_refused
from api.awards.claims.same_deed import find_declared, tell_declared
from api.awards.claims.statuses import FALLEN, STATUS
from api.awards.claims.tables import Claim
from api.awards.declaring.declarations import declare_by, weigh
from api.awards.declaring.declarer import Declarer
from api.platform.access import DECLARERS, Staff, require
from api.platform.services import Services, UnitOfWork
from api.registry.register.name_search import find_by_names, read_known_names
from api.registry.register.queries import read_households_by_code
from rules import Rule, parse_answers

# The namespace of claims from sheets: the same row gives the same id, from whatever file it comes.
_SHEETS = UUID("3f7ad1b4-58a6-5c0e-9d4e-0f7c2b6f4a13")
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What becomes of a row. `head`: of its household, if this person may know. `status`: declared (it would be),
    exists (it is already), refused, with the `reason`."""

    row: SheetRow
    claim: wire.NewClaim | None
    head: str
    status: str
    points: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SheetPlan:
    table: ClaimTable
    rows: Sequence[PlannedRow]

    @property
    def good(self) -> list[PlannedRow]:
        return [each for each in self.rows if each.status == "declared"]

    @property
    def bad(self) -> list[PlannedRow]:
        return [each for each in self.rows if each.status == "refused"]

    @property
    def existing(self) -> int:
        return sum(each.status == "exists" for each in self.rows)

    @property
    def digest(self) -> str:
        """Of all that it tells; the same before and after it was carried out."""
        told = [(each.row.number, each.claim and each.claim.id, each.points, each.reason) for each in self.rows]
        return sha256(msgspec.json.encode(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class Declared:
    """`number`: how many claims were; None where the plan isn't what was seen any more: then none."""

    plan: SheetPlan
    number: int | None


async def look(services: Services, staff: Staff, sheet: ClaimSheet) -> SheetPlan:
    """What would become of every row; nothing is declared.

    Raises Refused: not-allowed, unreadable, malformed, too-large.
    """
    require(staff, *DECLARERS)
    table = await asyncio.to_thread(read_claim_table, sheet)
    async with services.unit_of_work() as uow:
        return await _plan(uow, staff, sheet.rule, table)


async def declare_sheet(services: Services, staff: Staff, sheet: ClaimSheet, seen: str) -> Declared:
    """Declare the good rows if the plan's digest still is what was `seen`.

    Raises Refused: as `look`.
    """
    require(staff, *DECLARERS)
    table = await asyncio.to_thread(read_claim_table, sheet)
    async with services.unit_of_work() as uow:
        # Weighing locks the households: what it says holds until the end.
        plan = await _plan(uow, staff, sheet.rule, table)
        if plan.digest != seen:
            return Declared(plan, None)
        claims = [each.claim for each in plan.good if each.claim is not None]
        outcomes = await declare_by(uow, Declarer(staff), claims) if claims else []
        declared = {outcome.id for outcome in outcomes if outcome.status == "declared"}
        rows = [
            replace(each, status="exists") if each.claim and each.claim.id in declared else each
            for each in plan.rows
        ]
        return Declared(SheetPlan(table, rows), len(declared))


async def return_refused(services: Services, staff: Staff, sheet: ClaimSheet) -> bytes:
    """A workbook of the rows that aren't taken, with the reasons. Raises Refused: as `look`."""
    plan = await look(services, staff, sheet)
    return make_refused(sheet.rule, plan.table, {each.row.number: each.reason for each in plan.bad})


async def _plan(uow: UnitOfWork, staff: Staff, rule: Rule, table: ClaimTable) -> SheetPlan:
    found = await _find_households(uow, staff, table.rows)
    planned = _make_claims(uow, rule, table.rows, found)
    claims = {each.claim.id: each.claim for each in planned if each.claim is not None}
    outcomes = {each.id: each for each in await weigh(uow, Declarer(staff), list(claims.values()))}
    fallen = await _find_fallen(uow, list(claims))
    households = await read_households_by_code(uow, {claim.household for claim in claims.values()})
    declared = await find_declared(uow, staff, [each.id for each in households.values()], claims.values())
    rows = []
    for each in planned:
        if each.claim is None:
            rows.append(each)
            continue
        outcome, household = outcomes[each.claim.id], households.get(each.claim.household)
        reason = outcome.reason
        if each.claim.id in fallen:
            was = STATUS[fallen[each.claim.id]]
            reason = f"这一行以前报过，后来{was}；要再报的，请在说明里写清这一次。"
        elif outcome.status == "declared" and household is not None and not each.row.again:
            # Which of its people that was isn't known: it may be this one.
            twins = declared[household.id, rule.id, each.claim.deed_on]
            elsewhere = [twin for twin in twins if twin.id not in claims]
            reason = tell_declared(elsewhere) if elsewhere else ""
        taken = not reason and outcome.status in ("declared", "exists")
        rows.append(
            replace(
                each,
                head=household.head if household is not None and staff.serves(household.village) else "",
                status=outcome.status if taken else "refused",
                points=outcome.points if taken else 0,
                reason="" if taken else reason,
            )
        )
    return SheetPlan(table, rows)


@dataclass(frozen=True, slots=True)
class _Found:
    """The code of a row's household, or why there is none."""

    code: str = ""
    problem: str = ""


async def _find_households(uow: UnitOfWork, staff: Staff, rows: Sequence[SheetRow]) -> Sequence[_Found]:
    by_name = await find_by_names(uow, staff, {row.name for row in rows if row.name and not row.household})
    codes = {row.household for row in rows if row.household}
    served = {
        code for code, each in (await read_households_by_code(uow, codes)).items() if staff.serves(each.village)
    }
    of_code = await read_known_names(uow, served)
    heads = await read_known_names(uow, {code for codes in by_name.values() for code in codes})
    return [_find_household(row, by_name, of_code, heads) for row in rows]


def _find_household(
    row: SheetRow,
    by_name: Mapping[str, Sequence[str]],
    of_code: Mapping[str, Sequence[str]],
    known: Mapping[str, Sequence[str]],
) -> _Found:
    if row.problem:
        return _Found(problem=row.problem)
    if row.household:
        names = of_code.get(row.household)
        if row.name and names is not None and row.name not in names:
            return _Found(problem=f"{row.household} 是{names[0]}家，表里写的是“{row.name}”；请核对户号和姓名。")
        return _Found(row.household)
    codes = by_name.get(row.name, ())
    if not codes:
        return _Found(problem=f"没有找到叫“{row.name}”的，请核对姓名，或写户号。")
    if len(codes) > 1:
        listed = "、".join(f"{code}（{known[code][0]}家）" for code in codes[:_MAX_NAMED])
        more = "等" if len(codes) > _MAX_NAMED else ""
        return _Found(problem=f"叫“{row.name}”的有 {len(codes)} 户：{listed}{more}；请写户号。")
    return _Found(codes[0])


def _make_claims(
    uow: UnitOfWork, rule: Rule, rows: Sequence[SheetRow], found: Sequence[_Found]
) -> list[PlannedRow]:
    first: dict[tuple[str, object], int] = {}
    people: dict[tuple[str, object, str], str] = {}
    alike: Counter[bytes] = Counter()
    planned = []
    for row, household in zip(rows, found, strict=True):
        if household.problem:
            planned.append(PlannedRow(row, None, "", "refused", reason=household.problem))
            continue
        deed = (household.code, row.deed_on)
        person = row.person
        same = people.get((*deed, person)) if person and not row.again else None
        if same is not None:
            reason = f"“{person}”在{same}已经有了，同一天只报一次；确是另一件事的，请写另一件事的理由。"
            planned.append(PlannedRow(row, None, "", "refused", reason=reason))
            continue
        another = person and not row.again and deed in first
        first.setdefault(deed, row.number)
        people.setdefault((*deed, person), row.place)
        fields = {
            "household": household.code,
            "rule": rule.id,
            "deed_on": row.deed_on,
            "inputs": parse_answers(rule, row.answers),
            "person": person if rule.requires_person else "",
            "note": row.note,
            "again": f"同一户的另一个人：{person}" if another else row.again,
        }
        content = msgspec.json.encode([uow.township, fields | {"inputs": dict(row.answers)}])
        id = uuid5(_SHEETS, f"{content.decode()}/{alike[content]}")
        alike[content] += 1
        try:
            claim = msgspec.convert({"id": id, **fields}, wire.NewClaim)
        except (msgspec.ValidationError, ValueError):
            reason = "姓名最多 40 字，说明最多 200 字，里面不能有看不见的字符。"
            planned.append(PlannedRow(row, None, "", "refused", reason=reason))
            continue
        planned.append(PlannedRow(row, claim, "", "declared"))
    return planned


async def _find_fallen(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The state of those that came to nothing."""
    rows = await uow.session.execute(
        select(Claim.id, Claim.status).where(
            Claim.township == uow.township, Claim.id.in_(ids), Claim.status.in_(FALLEN)
        )
    )
    return {id: status for id, status in rows}
