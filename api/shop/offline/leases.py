"""Leases: points of households that a kiosk holds, so that it can serve them offline.

How many points a kiosk holds of a household is the balance of `accounts.escrow`, which the database never lets
below zero. Points get there when the kiosk is online and asks (`renew`), and leave by an entry that the kiosk
signed or when a person ends the enrolment (`reclaim`); never because of a clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import func, select, true
from sqlalchemy.dialects.postgresql import insert as insert_or
from uuid_utils.compat import uuid7

from api.platform import accounts
from api.platform.access import Device
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.queries import HouseholdWithCard, list_households_with_cards
from api.registry.freezes.queries import is_kiosk_frozen
from api.registry.register.queries import lateral_household, lateral_village
from api.shop.holdings.recalls import read_recalled
from api.shop.holdings.tables import Lease
from api.shop.kiosks.awaiting import count_awaited_points, note_heard, read_last_restore
from api.shop.kiosks.escrow import lease_grant, lease_return
from api.shop.kiosks.tables import Kiosk, KioskEnrolment
from api.shop.redemptions.tables import Redemption
from api.shop.stock.told_prices import note_prices
from api.shop.supermarkets.tables import Supermarket
from api.wire import till_journal
from api.wire.names import mask_name
from ledger.transactions import AccountId, Balance, TransactionId

NO_CARD = "0" * 64
"""In place of a card's digest: no card has it."""
VISITS_COUNTED = timedelta(days=90)
"""Where a household shopped so lately, there its points are leased."""


async def renew(services: Services, device: Device, last: int | None = None) -> till_journal.KioskLeases:
    """Top up this kiosk's leases; returns all of them. A household's points are shared between the kiosks of its
    village by where it shops, up to the limit of the kiosk's policy; the rest stays in its account. One that
    supervisors have frozen gets no more, knows no card any more, and is to give back all it holds. `last`: of the
    entries of its journal; after a restore the machine is awaited until the server has it.

    Raises Refused: no-key.
    """
    async with services.unit_of_work() as uow:
        enrolment = await lock_enrolment(uow, device.id, device.epoch)
        if enrolment.public_key is None:
            raise Refused(ErrorCode.NO_KEY, "这台终端还没有密钥，断网时不能兑换；请用新的登记码重新登记。")
        kiosk = await uow.session.get_one(Kiosk, (uow.township, device.id))
        enrolment.heard_at = uow.now
        await note_prices(uow, kiosk.id, enrolment.epoch, kiosk.supermarket)
        note_heard(enrolment, last)
        current = is_current(enrolment)
        if not current:
            households = []
        elif device.frozen:
            _, village_name = await _read_village(uow, kiosk.supermarket)
            households = await _list_others(uow, kiosk, enrolment, village_name, ())
        else:
            households = await _top_up(uow, kiosk, enrolment)
        restore = await read_last_restore(uow)
        return till_journal.KioskLeases(
            kiosk=device.id,
            epoch=device.epoch,
            head=enrolment.head,
            hash=enrolment.hash.hex(),
            current=current,
            expires_at=uow.now + timedelta(days=kiosk.lease_days),
            now=uow.now,
            households=households,
            restored_at=restore.restored_at if restore is not None else UNSET,
        )


async def reclaim(uow: UnitOfWork, kiosk: UUID, epoch: int, *, person: str, reason: str) -> None:
    """Return all points that an enrolment holds to the households: a person said that the machine is gone."""
    households = lateral_household(Lease.township, Lease.household)
    codes = await uow.session.scalars(
        select(households.c.code)
        .select_from(Lease)
        .join(households, true())
        .where(Lease.township == uow.township, Lease.kiosk == kiosk, Lease.epoch == epoch)
    )
    escrows = {code: accounts.escrow(code, kiosk, epoch).id for code in codes}
    balances = await uow.books.lock_balances(list(escrows.values()))
    batch = [
        lease_return(TransactionId(uuid7()), code, kiosk, epoch, balances[escrow].available, person, reason)
        for code, escrow in escrows.items()
        if escrow in balances and balances[escrow].available
    ]
    if batch:
        # Points of a household whose account is closed stay in escrow.
        await uow.books.post(batch, uow.now)


async def lock_enrolment(uow: UnitOfWork, kiosk: UUID, epoch: int) -> KioskEnrolment:
    """Settling entries, topping up and ending an enrolment exclude each other. Raises Refused: unknown."""
    enrolment = await uow.session.scalar(
        select(KioskEnrolment)
        .where(
            KioskEnrolment.township == uow.township,
            KioskEnrolment.kiosk == kiosk,
            KioskEnrolment.epoch == epoch,
        )
        .with_for_update(key_share=True)
    )
    if enrolment is None:
        raise Refused(ErrorCode.UNKNOWN, "没有登记过这台终端。")
    return enrolment


def is_current(enrolment: KioskEnrolment) -> bool:
    """Whether this machine may sell: its enrolment has not ended, and it was not cloned."""
    return enrolment.ended_at is None and enrolment.forked_at is None


def compute_share(
    points: int, most: int, kiosk: UUID, machines: Collection[UUID], visits: Mapping[UUID, int]
) -> int:
    """How many of a household's points a kiosk should hold. `machines`: those in use in the village; `visits`: how
    often the household lately redeemed at each. A household that never did gets an even share everywhere."""
    visited = {each: visits[each] for each in machines if visits.get(each)}
    if visited:
        return min(most, points * visited.get(kiosk, 0) // sum(visited.values()))
    return min(most, points // max(len(machines), 1))


async def _top_up(uow: UnitOfWork, kiosk: Kiosk, enrolment: KioskEnrolment) -> list[till_journal.HouseholdLease]:
    village, village_name = await _read_village(uow, kiosk.supermarket)
    households = await list_households_with_cards(uow, village)
    machines = await _list_machines(uow, village)
    # Alone, it serves everybody: nothing has to be counted.
    visits = await _count_visits(uow, machines) if len(machines) > 1 else {}
    recalled = await read_recalled(uow, kiosk.id)
    all_escrows = await _find_escrows(uow, households)
    own_accounts = {h.id: accounts.household(h.code).id for h in households}
    balances = await uow.books.read_balances(
        [*own_accounts.values(), *(escrow for escrows in all_escrows.values() for escrow in escrows)]
    )

    def available(account: AccountId) -> int:
        return balances.get(account, Balance(0)).available

    awaited = await count_awaited_points(uow, village)
    targets, grants = {}, {}
    for h in households:
        escrow = accounts.escrow(h.code, kiosk.id, enrolment.epoch)
        total = available(own_accounts[h.id]) + sum(map(available, all_escrows[h.id]))
        targets[h.id] = compute_share(total, kiosk.lease_most, kiosk.id, machines, visits.get(h.id, {}))
        more = min(targets[h.id] - available(escrow.id), available(own_accounts[h.id]))
        # Points that another kiosk is waiting for aren't leased away under its hands, nor those that one may hold.
        if more > 0 and h.id not in recalled and not awaited:
            grants[h.id] = lease_grant(TransactionId(uuid7()), h.code, kiosk.id, enrolment.epoch, more)
    await _open_leases(uow, kiosk, enrolment, [h for h in households if h.id in grants])
    await uow.books.post(list(grants.values()), uow.now) if grants else ()
    escrows = {h.id: accounts.escrow(h.code, kiosk.id, enrolment.epoch).id for h in households}
    balances = await uow.books.read_balances(list(escrows.values()))
    others = await _list_others(uow, kiosk, enrolment, village_name, set(escrows))
    return others + [
        till_journal.HouseholdLease(
            household=h.id,
            card=h.card.hex(),
            name=mask_name(h.head),
            village=village_name,
            points=available(escrows[h.id]),
            give_back=max(available(escrows[h.id]) - targets[h.id], recalled.get(h.id, 0), 0),
            pin_above=h.pin_above,
        )
        for h in households
    ]


async def _list_others(
    uow: UnitOfWork, kiosk: Kiosk, enrolment: KioskEnrolment, village_name: str, served: Collection[UUID]
) -> list[till_journal.HouseholdLease]:
    """The leases of households that this kiosk serves no more, since they have moved, ended or have no card: it
    returns them at once, and knows no card for them."""
    household = lateral_household(Lease.township, Lease.household)
    rows = await uow.session.execute(
        select(household.c.id, household.c.code, household.c.head)
        .select_from(Lease)
        .join(household, true())
        .where(
            Lease.township == uow.township,
            Lease.kiosk == kiosk.id,
            Lease.epoch == enrolment.epoch,
            Lease.household.not_in(served),
        )
    )
    escrows = {accounts.escrow(row.code, kiosk.id, enrolment.epoch).id: row for row in rows}
    balances = await uow.books.read_balances(list(escrows)) if escrows else {}
    return [
        till_journal.HouseholdLease(
            household=row.id,
            card=NO_CARD,
            name=mask_name(row.head),
            village=village_name,
            points=balances[escrow].available,
            give_back=balances[escrow].available,
            pin_above=None,
        )
        for escrow, row in escrows.items()
        if escrow in balances and balances[escrow].available
    ]


async def _read_village(uow: UnitOfWork, supermarket: str) -> tuple[str, str]:
    """A supermarket's village: its code and its name."""
    village = lateral_village(Supermarket.township, Supermarket.village)
    row = await uow.session.execute(
        select(Supermarket.village, village.c.name)
        .join(village, true())
        .where(Supermarket.township == uow.township, Supermarket.code == supermarket)
    )
    code, name = row.one()
    return code, name


async def _list_machines(uow: UnitOfWork, village: str) -> set[UUID]:
    """The kiosks that share the points of a village's households: a machine not heard of for days isn't one, nor
    one that supervisors have frozen."""
    heard_at = func.coalesce(KioskEnrolment.heard_at, KioskEnrolment.enrolled_at)
    kiosks = await uow.session.scalars(
        select(KioskEnrolment.kiosk)
        .join(Kiosk, (Kiosk.township == KioskEnrolment.township) & (Kiosk.id == KioskEnrolment.kiosk))
        .join(Supermarket, (Supermarket.township == Kiosk.township) & (Supermarket.code == Kiosk.supermarket))
        .where(
            KioskEnrolment.township == uow.township,
            Supermarket.village == village,
            KioskEnrolment.ended_at.is_(None),
            KioskEnrolment.forked_at.is_(None),
            KioskEnrolment.public_key.is_not(None),
            heard_at > uow.now - func.make_interval(0, 0, 0, Kiosk.lease_idle_days),
            ~is_kiosk_frozen(Kiosk.township, Kiosk.id, local_date(uow.now)),
        )
    )
    return set(kiosks)


async def _count_visits(uow: UnitOfWork, kiosks: Collection[UUID]) -> dict[UUID, dict[UUID, int]]:
    """By household and kiosk, the redemptions of late."""
    rows = await uow.session.execute(
        select(Redemption.household, Redemption.kiosk, func.count())
        .where(
            Redemption.township == uow.township,
            Redemption.supermarket.in_(
                select(Kiosk.supermarket).where(Kiosk.township == uow.township, Kiosk.id.in_(kiosks))
            ),
            Redemption.kiosk.in_(kiosks),
            Redemption.recorded_at > uow.now - VISITS_COUNTED,
        )
        .group_by(Redemption.household, Redemption.kiosk)
    )
    visits: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
    for household, kiosk, number in rows:
        visits[household][kiosk] = number
    return visits


async def _find_escrows(
    uow: UnitOfWork, households: Iterable[HouseholdWithCard]
) -> defaultdict[UUID, list[AccountId]]:
    """The households' escrow accounts at all kiosks."""
    codes = {h.id: h.code for h in households}
    rows = await uow.session.execute(
        select(Lease.household, Lease.kiosk, Lease.epoch).where(
            Lease.township == uow.township, Lease.household.in_(codes)
        )
    )
    escrows: defaultdict[UUID, list[AccountId]] = defaultdict(list)
    for household, kiosk, epoch in rows:
        escrows[household].append(accounts.escrow(codes[household], kiosk, epoch).id)
    return escrows


async def _open_leases(
    uow: UnitOfWork, kiosk: Kiosk, enrolment: KioskEnrolment, households: list[HouseholdWithCard]
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
