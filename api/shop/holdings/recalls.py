"""Recalls: a household wants to spend at one kiosk what another one holds of it.

The household is at the asker's counter, so every kiosk that is online is asked for all that it can spare. Each
returns it by an entry of its own journal: nothing here moves a point. The asker repeats its request until they are
there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import column, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from api.platform import accounts
from api.platform.access import Device
from api.platform.database.read_query import ReadQuery
from api.platform.errors import Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import lock_households
from api.shop.holdings.queries import LEASED_POINTS, LeasedPoints, split_leased, to_wire
from api.shop.holdings.tables import KioskListener, LeaseRecall
from api.shop.kiosks.tables import KioskEnrolment
from api.wire import till_journal

LIFETIME = timedelta(seconds=10)
"""A recall is over so long after the asker last repeated it."""
GRACE = timedelta(seconds=5)
"""A kiosk is taken to be online for so long after it should have asked again."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """`missing` points of a household for what it wants at this kiosk."""

    household: UUID
    code: str
    device: Device
    missing: int


class _Holdings(msgspec.Struct, frozen=True):
    leases: list[LeasedPoints]


_HOLDINGS = ReadQuery(_Holdings, leases=LEASED_POINTS)


async def read_leases(reader: Services | UnitOfWork, household: UUID, code: str) -> list[LeasedPoints]:
    """What kiosks hold of a household."""
    return (await reader.read(_HOLDINGS, household=household, code=code)).leases


def find_recallable(elsewhere: Sequence[LeasedPoints], missing: int, now: datetime) -> list[LeasedPoints]:
    """The kiosks to be asked: all that are online, if they hold enough together; else none, since points would
    be moved in vain."""
    online = [each for each in elsewhere if each.is_online(now)]
    return online if sum(each.points for each in online) >= missing else []


async def recall(services: Services, shortage: Shortage, refusal: Refused) -> Refused:
    """Ask the kiosks that hold the missing points to return them. Gives the refusal with what the kiosk has to
    know: `recalled` points are on their way, so that it may try again, and what is `held` where."""
    leases = await read_leases(services, shortage.household, shortage.code)
    _, elsewhere = split_leased(leases, shortage.device.id, shortage.device.epoch)
    if not elsewhere:
        return refusal
    async with services.unit_of_work() as uow:
        # Of two kiosks that recall from each other at the same moment one waits here, and then sees the other.
        await lock_households(uow, [shortage.household])
        # A return that is being settled comes first: nobody would ever answer a recall of points that are back.
        escrows = (accounts.escrow(shortage.code, each.kiosk, each.epoch).id for each in elsewhere)
        await uow.books.lock_balances(list(escrows))
        leases = await read_leases(uow, shortage.household, shortage.code)
        _, elsewhere = split_leased(leases, shortage.device.id, shortage.device.epoch)
        asked = find_recallable(elsewhere, shortage.missing, uow.now)
        busy = bool(asked) and await _is_asked(uow, shortage)
        if asked and not busy:
            await _record(uow, shortage, asked)
        return _explain(refusal, shortage, elsewhere, asked, uow.now, busy=busy)


async def _is_asked(uow: UnitOfWork, shortage: Shortage) -> bool:
    """Whether another kiosk recalls this household's points from this one: whoever asked first is served first."""
    found = await uow.session.scalar(
        select(LeaseRecall.kiosk).where(
            LeaseRecall.township == uow.township,
            LeaseRecall.household == shortage.household,
            LeaseRecall.kiosk == shortage.device.id,
            LeaseRecall.epoch == shortage.device.epoch,
            LeaseRecall.wanted > 0,
            LeaseRecall.asked_at > uow.now - LIFETIME,
        )
    )
    return found is not None


async def _record(uow: UnitOfWork, shortage: Shortage, asked: Sequence[LeasedPoints]) -> None:
    row = insert_or(LeaseRecall).values(
        [
            {
                "township": uow.township,
                "kiosk": each.kiosk,
                "epoch": each.epoch,
                "household": shortage.household,
                "asker": shortage.device.id,
                "wanted": each.points,
                "asked_at": uow.now,
            }
            for each in asked
        ]
    )
    new = row.excluded
    await uow.session.execute(
        row.on_conflict_do_update(
            index_elements=["township", "kiosk", "epoch", "household"],
            set_={
                "asker": new.asker,
                "wanted": new.wanted,
                "asked_at": new.asked_at,
                "times": LeaseRecall.times + 1,
            },
        )
    )


def _explain(
    refusal: Refused,
    shortage: Shortage,
    elsewhere: Sequence[LeasedPoints],
    asked: Sequence[LeasedPoints],
    now: datetime,
    *,
    busy: bool,
) -> Refused:
    held = [to_wire(each, shortage.device, now) for each in elsewhere]
    recalled, missing = 0, shortage.missing
    if busy:
        detail = "这户正在另一台终端兑换，请等那边办完再确认。"
    elif asked:
        recalled = sum(each.points for each in asked)
        detail = f"另一台终端正在交回 {recalled} 分，请稍候再试。"
    else:
        missing -= sum(each.points for each in held if each.online)
        away = [f"{each.points} 分留在{each.place}" for each in held if not each.online]
        detail = f"积分不够，还差 {missing} 分" + (
            f"；另有 {'、'.join(away)}，没有联网，现在交不回来。" if away else "。"
        )
    extra = {**refusal.extra, "missing": missing, "recalled": recalled, "held": msgspec.to_builtins(held)}
    return Refused(refusal.code, detail, **extra)


# --- the kiosk that is asked ----------------------------------------------------------------------------


class _LiveRecall(msgspec.Struct, frozen=True):
    kiosk: UUID
    epoch: int
    household: UUID
    wanted: int
    times: int


class LiveRecalls(msgspec.Struct, frozen=True):
    """The recalls that wait for an answer, of all kiosks or of one."""

    recalls: list[_LiveRecall]

    def of(self, device: Device) -> LiveRecalls:
        return LiveRecalls([r for r in self.recalls if (r.kiosk, r.epoch) == (device.id, device.epoch)])

    @property
    def tag(self) -> str:
        """Changes whenever a kiosk has to look again."""
        lines = [f"{r.household} {r.wanted} {r.times}" for r in self.recalls]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]

    def to_wire(self, now: datetime) -> till_journal.Recalls:
        return till_journal.Recalls(
            recalls=[till_journal.Recall(household=r.household, points=r.wanted) for r in self.recalls], now=now
        )


_LIVE_RECALLS = ReadQuery(
    LiveRecalls,
    recalls=text("""
        select r.kiosk, r.epoch, r.household, r.wanted, r.times from lease_recall r
         where r.township = :township and r.wanted > 0 and r.asked_at > :since
         order by r.household, r.kiosk
    """).columns(*map(column, ("kiosk", "epoch", "household", "wanted", "times"))),
)


async def read_live_recalls(services: Services) -> LiveRecalls:
    return await services.read(_LIVE_RECALLS, since=services.clock.now() - LIFETIME)


async def listen(services: Services, device: Device, seconds: float) -> LiveRecalls:
    """The kiosk hears of recalls for so many seconds from now. Returns those that wait for it now; none for a
    machine that may not sell: nobody counts on its word."""
    async with services.unit_of_work() as uow:
        enrolment = await uow.session.get_one(KioskEnrolment, (uow.township, device.id, device.epoch))
        if enrolment.ended_at is not None or enrolment.forked_at is not None or enrolment.public_key is None:
            return LiveRecalls([])
        # Only a hint, so that nobody waits for the disk.
        await uow.session.execute(text("set local synchronous_commit = off"))
        row = insert_or(KioskListener).values(
            township=uow.township,
            kiosk=device.id,
            epoch=device.epoch,
            listening_until=uow.now + timedelta(seconds=seconds) + GRACE,
        )
        await uow.session.execute(
            row.on_conflict_do_update(
                index_elements=["township", "kiosk", "epoch"],
                set_={
                    "listening_until": func.greatest(KioskListener.listening_until, row.excluded.listening_until)
                },
            )
        )
    return (await read_live_recalls(services)).of(device)


async def answer(uow: UnitOfWork, kiosk: UUID, epoch: int, household: UUID, points: int) -> None:
    """The kiosk has returned so many points of a household: so many fewer are wanted of it."""
    await uow.session.execute(
        update(LeaseRecall)
        .where(
            LeaseRecall.township == uow.township,
            LeaseRecall.kiosk == kiosk,
            LeaseRecall.epoch == epoch,
            LeaseRecall.household == household,
        )
        .values(wanted=func.greatest(LeaseRecall.wanted - points, 0))
    )


async def read_recalled(uow: UnitOfWork, kiosk: UUID) -> dict[UUID, int]:
    """Households whose points other kiosks recall just now: nothing more is leased of them to this kiosk, and so
    many points are wanted back from it."""
    rows = await uow.session.execute(
        select(
            LeaseRecall.household,
            func.coalesce(func.sum(LeaseRecall.wanted).filter(LeaseRecall.kiosk == kiosk), 0),
        )
        .where(
            LeaseRecall.township == uow.township,
            LeaseRecall.asker != kiosk,
            LeaseRecall.asked_at > uow.now - LIFETIME,
        )
        .group_by(LeaseRecall.household)
    )
    return {household: int(points) for household, points in rows}
