"""Points that move between households by ordinary transactions: where one is split, merged or revived.

What is still under way for a household when it is merged comes back to its own account later: an award on notice,
a hold that is released, a lease that a till returns. `carry_merged` takes it on to the household that it has
become; `bring_back` returns what a late entry of the merged one has to take.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from api.platform import accounts
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.changes import ChangeKind
from api.registry.register.merged import read_remaining
from api.registry.register.queries import read_households_by_code
from api.registry.register.tables import Household
from ledger import tables
from ledger.transactions import Account, Balance, Phase, Status, Transaction, TransactionId, Transfer


async def move_points(
    uow: UnitOfWork,
    kind: ChangeKind,
    debit: Account,
    credit: Account,
    amount: int,
    *,
    person: str,
    reason: str,
    confirmed_by: UUID | None = None,
    change: UUID | None = None,
) -> None:
    """Nothing where `amount` is 0. `change`: the recorded one that it comes of, by which the transaction is known;
    None for what is only carried after one. Raises Refused: insufficient-points, account-closed, overflow."""
    if not amount:
        return
    [posting] = await uow.books.post(
        [
            Transaction(
                id=TransactionId(change or uuid7()),
                kind=kind,
                phase=Phase.POSTED,
                transfers=(Transfer(debit.id, credit.id, accounts.POINTS, amount),),
                person=person,
                reason=reason,
                metadata={} if confirmed_by is None else {"confirmed_by": str(confirmed_by)},
            )
        ],
        uow.now,
    )
    match posting.status:
        case Status.OK:
            return
        case Status.INSUFFICIENT:
            sentence = f"可用积分不够，还差 {posting.missing} 分。"
            raise Refused(ErrorCode.INSUFFICIENT_POINTS, sentence, missing=posting.missing)
        case Status.OVERFLOW:
            raise Refused(ErrorCode.OVERFLOW, "余额会超出账本能记的最大数，没有办理。")
        case _:
            raise Refused(ErrorCode.ACCOUNT_CLOSED, "其中一户的积分账户已经关闭，没有办理。")


async def lock_points(uow: UnitOfWork, *codes: str) -> dict[str, Balance]:
    """The balances of these households, locked until the caller's transaction ends; of closed accounts nothing."""
    ids = {accounts.household(code).id: code for code in codes}
    return {ids[id]: balance for id, balance in (await uow.books.lock_balances(list(ids))).items()}


async def carry_merged(services: Services) -> bool:
    """Take what has come back to merged households on to those that they have become, as long as these live;
    whether there was any."""
    async with services.unit_of_work() as uow:
        account, balance = tables.account.c, tables.balance.c
        own = account.name == accounts.household_name(Household.code)
        codes = await uow.session.scalars(
            select(Household.code)
            .join(tables.account, (account.township == Household.township) & own)
            .join(tables.balance, (balance.township == account.township) & (balance.account == account.id))
            .where(
                Household.township == uow.township,
                Household.merged_into.is_not(None),
                balance.posted > balance.reserved,
            )
        )
        carried = False
        for household in (await read_households_by_code(uow, codes.all())).values():
            remaining = await read_remaining(uow, household)
            points = await lock_points(uow, household.code, remaining.code)
            if not remaining.is_living or household.code not in points or remaining.code not in points:
                continue
            carried = carried or points[household.code].available > 0
            await move_points(
                uow,
                ChangeKind.MERGE,
                accounts.household(household.code),
                accounts.household(remaining.code),
                points[household.code].available,
                person="clock",
                reason=f"{household.code} 户已并入 {remaining.code} 户",
            )
        return carried


async def bring_back(uow: UnitOfWork, needed: Mapping[str, int], person: str) -> None:
    """Give merged households back what entries of theirs have to take now, as far as it is there; `needed`: points
    by code, of households of any kind. What isn't taken after all is carried on again."""
    for household in (await read_households_by_code(uow, needed)).values():
        if household.merged_into is None:
            continue
        remaining = await read_remaining(uow, household)
        points = await lock_points(uow, household.code, remaining.code)
        if household.code not in points or remaining.code not in points:
            continue
        missing = needed[household.code] - points[household.code].available
        await move_points(
            uow,
            ChangeKind.MERGE,
            accounts.household(remaining.code),
            accounts.household(household.code),
            max(0, min(missing, points[remaining.code].available)),
            person=person,
            reason=f"{household.code} 户以前的账要从已并入的户支出",
        )
