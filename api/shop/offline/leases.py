"""Leases: points of households that a kiosk holds, so that it can serve them without the network.

How many a kiosk holds of a household is the balance of `accounts.escrow`, nothing else: the database keeps it from
going below zero, whoever asks. Points get there when the kiosk is online and asks (`renew`), and leave by the
kiosk's own signed word, or by a person's who says that the machine is gone (`take_back`); never by a clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.dialects.postgresql import insert as insert_or
from uuid_utils.compat import uuid7

from api.platform import accounts
from api.platform.access import Device
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.queries import CardedHousehold, with_cards
from api.registry.cards.use_cases import mask
from api.registry.register.queries import household_of, village_of
from api.shop.kiosks.escrow import lease_grant, lease_return
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.offline.tables import Lease
from api.shop.stock.tables import Supermarket
from api.wire import till_journal
from ledger.transactions import AccountId, Balance, TransactionId


async def renew(services: Services, device: Device) -> till_journal.KioskLeases:
    """Top up what this kiosk holds, and tell all of it. Each household's points are shared evenly between the
    kiosks of its village, and no kiosk holds more of one than its policy says; the rest stays in the household's
    account.

    Raises Refused: no-key.
    """
    async with services.unit_of_work() as uow:
        enrolment = await locked_enrolment(uow, device.id, device.epoch)
        if enrolment.public_key is None:
            raise Refused(ErrorCode.NO_KEY, "这台终端还没有密钥，断网时不能兑换；请用新的登记码重新登记。")
        kiosk = await uow.session.get_one(Kiosk, (uow.township, device.id))
        enrolment.heard_at = uow.now
        current = is_current(enrolment)
        households = await _leased(uow, kiosk, enrolment) if current else []
        return till_journal.KioskLeases(
            kiosk=device.id,
            epoch=device.epoch,
            head=enrolment.head,
            hash=enrolment.hash.hex(),
            current=current,
            expires_at=uow.now + timedelta(days=kiosk.lease_days),
            now=uow.now,
            households=households,
        )


async def take_back(uow: UnitOfWork, kiosk: UUID, epoch: int, *, person: str, reason: str) -> None:
    """All that an enrolment holds goes back to the households: a person said that the machine is gone."""
    households = household_of(Lease.township, Lease.household)
    codes = await uow.session.scalars(
        select(households.c.code)
        .select_from(Lease)
        .join(households, true())
        .where(Lease.township == uow.township, Lease.kiosk == kiosk, Lease.epoch == epoch)
    )
    held = {code: accounts.escrow(code, kiosk, epoch).id for code in codes}
    balances = await uow.books.lock_balances(list(held.values()))
    batch = [
        lease_return(TransactionId(uuid7()), code, kiosk, epoch, balances[escrow].available, person, reason)
        for code, escrow in held.items()
        if escrow in balances and balances[escrow].available
    ]
    if batch:
        # A closed account keeps what it has: its household can be given nothing.
        await uow.books.post(batch, uow.now)


async def locked_enrolment(uow: UnitOfWork, kiosk: UUID, epoch: int) -> KioskEnrolment:
    """One at a time: whoever settles entries, tops up or ends this enrolment. Raises Refused: unknown."""
    found = await uow.session.scalar(
        select(KioskEnrolment)
        .where(
            KioskEnrolment.township == uow.township,
            KioskEnrolment.kiosk == kiosk,
            KioskEnrolment.epoch == epoch,
        )
        .with_for_update(key_share=True)
    )
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, "没有登记过这台终端。")
    return found


def is_current(enrolment: KioskEnrolment) -> bool:
    """Whether this machine may go on: nobody ended it, and there is one of it."""
    return enrolment.ended_at is None and enrolment.forked_at is None


async def _leased(uow: UnitOfWork, kiosk: Kiosk, enrolment: KioskEnrolment) -> list[till_journal.HouseholdLease]:
    village, village_name = await _place(uow, kiosk.supermarket)
    households = await with_cards(uow, village)
    machines = await _machines(uow, village)
    held = await _holders(uow, households)
    own = {h.id: accounts.household(h.code).id for h in households}
    balances = await uow.books.read_balances(
        [*own.values(), *(escrow for escrows in held.values() for escrow in escrows)]
    )

    def available(account: AccountId) -> int:
        return balances.get(account, Balance(0)).available

    targets, wanted = {}, {}
    for h in households:
        escrow = accounts.escrow(h.code, kiosk.id, enrolment.epoch)
        everywhere = available(own[h.id]) + sum(map(available, held[h.id]))
        targets[h.id] = min(kiosk.lease_most, everywhere // max(machines, 1))
        more = min(targets[h.id] - available(escrow.id), available(own[h.id]))
        if more > 0:
            wanted[h.id] = lease_grant(TransactionId(uuid7()), h.code, kiosk.id, enrolment.epoch, more)
    await _open(uow, kiosk, enrolment, [h for h in households if h.id in wanted])
    await uow.books.post(list(wanted.values()), uow.now) if wanted else ()
    escrows = {h.id: accounts.escrow(h.code, kiosk.id, enrolment.epoch).id for h in households}
    balances = await uow.books.read_balances(list(escrows.values()))
    return [
        till_journal.HouseholdLease(
            household=h.id,
            card=h.card.hex(),
            name=mask(h.head),
            village=village_name,
            points=available(escrows[h.id]),
            give_back=max(available(escrows[h.id]) - targets[h.id], 0),
            pin_above=h.pin_above,
        )
        for h in households
    ]


async def _place(uow: UnitOfWork, supermarket: str) -> tuple[str, str]:
    """A supermarket's village: its code and its name."""
    village = village_of(Supermarket.township, Supermarket.village)
    row = await uow.session.execute(
        select(Supermarket.village, village.c.name)
        .join(village, true())
        .where(Supermarket.township == uow.township, Supermarket.code == supermarket)
    )
    code, name = row.one()
    return code, name


async def _machines(uow: UnitOfWork, village: str) -> int:
    """How many machines share the points of a village's households."""
    found = await uow.session.scalars(
        select(KioskEnrolment.kiosk)
        .join(Kiosk, (Kiosk.township == KioskEnrolment.township) & (Kiosk.id == KioskEnrolment.kiosk))
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(
            KioskEnrolment.township == uow.township,
            Supermarket.village == village,
            KioskEnrolment.ended_at.is_(None),
            KioskEnrolment.forked_at.is_(None),
            KioskEnrolment.public_key.is_not(None),
        )
    )
    return len(found.all())


async def _holders(uow: UnitOfWork, households: Iterable[CardedHousehold]) -> defaultdict[UUID, list[AccountId]]:
    """Where else the households' points may be: their escrow accounts at any kiosk."""
    codes = {h.id: h.code for h in households}
    rows = await uow.session.execute(
        select(Lease.household, Lease.kiosk, Lease.epoch).where(
            Lease.township == uow.township, Lease.household.in_(codes)
        )
    )
    found: defaultdict[UUID, list[AccountId]] = defaultdict(list)
    for household, kiosk, epoch in rows:
        found[household].append(accounts.escrow(codes[household], kiosk, epoch).id)
    return found


async def _open(
    uow: UnitOfWork, kiosk: Kiosk, enrolment: KioskEnrolment, households: list[CardedHousehold]
) -> None:
    if not households:
        return
    await uow.books.open_accounts(
        [accounts.escrow(h.code, kiosk.id, enrolment.epoch) for h in households], uow.now
    )
    await uow.session.execute(
        insert_or(Lease)
        .values(
            [
                {
                    "township": uow.township,
                    "kiosk": kiosk.id,
                    "epoch": enrolment.epoch,
                    "household": h.id,
                    "begun_at": uow.now,
                }
                for h in households
            ]
        )
        .on_conflict_do_nothing()
    )
