"""What can be frozen, as people call it: a rule, a household's card, a till, somebody who serves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from api import wire
from api.awards.rulebooks.use_cases import book_in_force
from api.platform.access import Staff
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.cards.queries import read_households_of_cards, read_living_card
from api.registry.freezes.queries import Thing
from api.registry.people.service import find_id, show_person
from api.registry.register.queries import read_households, read_households_by_code
from api.shop.kiosks.queries import list_kiosks

OWN_MATTER = "这是您自己家的事，请由别的监委成员办理。"


@dataclass(frozen=True, slots=True)
class Named:
    """`key`: as it is said in `wire.NewFreeze`. `village`: whose it is; None: the whole township's. `households`:
    whom it concerns, by code; `relatives`: of whom it is declared to be a relative."""

    thing: Thing
    key: str
    title: str
    village: str | None
    households: Collection[str] = ()
    relatives: Collection[str] = field(default=())

    def find_obstacle(self, staff: Staff) -> str:
        """Why this supervisor neither freezes nor lifts it, one sentence; empty if they may."""
        if self.village is None and not staff.serves_township:
            return "这是全乡的事，请由全乡的监委办理。"
        if self.village is not None and not staff.serves(self.village):
            return "这是别的村的事，请由那个村或全乡的监委办理。"
        if self.thing.person == staff.id:
            return "不能办理自己的冻结，请由别的监委成员办理。"
        if not staff.own.isdisjoint(self.relatives):
            return OWN_MATTER
        return staff.find_recusal(self.households, OWN_MATTER)


async def find_wanted(uow: UnitOfWork, new: wire.NewFreeze) -> Thing:
    """Raises Refused: unknown, wrong-state."""
    if new.kind == "rule":
        book = await book_in_force(uow, local_date(uow.now), new.village or "")
        if book is None or new.thing not in book.rules:
            raise Refused(ErrorCode.UNKNOWN, "现行的积分办法里没有这一项，请重新选择。")
        return Thing(rule=new.thing, village=new.village)
    if new.village is not None:
        raise Refused(ErrorCode.MALFORMED, "只有冻结积分办法里的一项时，才选哪个村。")
    if new.kind == "card":
        return Thing(card=await _find_card(uow, new.thing))
    if new.kind == "person":
        person = await show_person(uow, await find_id(uow, new.thing))
        if person.ended_at is not None:
            raise Refused(ErrorCode.WRONG_STATE, "这个人已经不再任职，不用冻结。")
        return Thing(person=person.id)
    kiosks = {str(kiosk.id): kiosk for kiosk in await list_kiosks(uow)}
    if new.thing not in kiosks:
        raise Refused(ErrorCode.UNKNOWN, "没有这个终端。")
    return Thing(kiosk=kiosks[new.thing].id)


async def _find_card(uow: UnitOfWork, code: str) -> bytes:
    household = (await read_households_by_code(uow, [code])).get(code)
    if household is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的户。")
    card = await read_living_card(uow, household.id)
    if card is None:
        raise Refused(ErrorCode.WRONG_STATE, "这户现在没有卡。")
    return card.digest


async def name_things(uow: UnitOfWork, things: Collection[Thing]) -> dict[Thing, Named]:
    return {
        **await _name_rules(uow, [thing for thing in things if thing.rule is not None]),
        **await _name_cards(uow, {thing.card: thing for thing in things if thing.card is not None}),
        **await _name_kiosks(uow, {thing.kiosk: thing for thing in things if thing.kiosk is not None}),
        **{thing: await _name_person(uow, thing, thing.person) for thing in things if thing.person is not None},
    }


async def _name_rules(uow: UnitOfWork, things: Collection[Thing]) -> dict[Thing, Named]:
    today = local_date(uow.now)
    villages = {thing.village or "" for thing in things}
    books = {village: await book_in_force(uow, today, village) for village in villages}
    named = {}
    for thing in things:
        book = books[thing.village or ""]
        key = thing.rule or ""
        # One that has left the book since keeps its id.
        title = book.rules[key].title if book is not None and key in book.rules else key
        named[thing] = Named(thing, key, title, thing.village)
    return named


async def _name_cards(uow: UnitOfWork, things: dict[bytes, Thing]) -> dict[Thing, Named]:
    of = await read_households_of_cards(uow, things)
    households = await read_households(uow, set(of.values()))
    return {
        things[card]: Named(
            things[card],
            households[id].code,
            f"{households[id].head}家的卡",
            households[id].village,
            {households[id].code},
        )
        for card, id in of.items()
    }


async def _name_kiosks(uow: UnitOfWork, things: dict[UUID, Thing]) -> dict[Thing, Named]:
    if not things:
        return {}
    return {
        things[each.id]: Named(things[each.id], str(each.id), f"{each.supermarket} · {each.name}", each.village)
        for each in await list_kiosks(uow)
        if each.id in things
    }


async def _name_person(uow: UnitOfWork, thing: Thing, id: UUID) -> Named:
    person = await show_person(uow, id)
    duties = person.duties
    own = {duties.household} if duties.household is not None else set()
    return Named(thing, person.login, duties.name, duties.village, own, person.relatives)
