"""Expiry in the books: adopt policies, read what would expire, expire it. Runs in the caller's database
transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Integer,
    Row,
    Select,
    Uuid,
    bindparam,
    column,
    func,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.books import Books
from ledger.expiry import Boundary, Policy, PolicyKind, expiry_id
from ledger.tables import expiry_policy, transaction
from ledger.transactions import AccountId, Phase, Status, TownshipId, Transaction, Transfer

EXPIRY_KIND = "expiry"


@dataclass(frozen=True, slots=True)
class AdoptedPolicy:
    policy: Policy
    person: str
    reason: str
    adopted_at: datetime


@dataclass(frozen=True, slots=True)
class AccountScope:
    """The open accounts of a unit that have a limit and whose names begin with `prefix`."""

    unit: str
    prefix: str


@dataclass(frozen=True, slots=True)
class ExpiryBatch:
    """A batch of accounts in the order of their ids. `amounts`: of those with points to expire; `next_after`: the
    `after` of the next batch, None after the last account."""

    examined: int
    amounts: dict[AccountId, int]
    next_after: AccountId | None


ADOPTED_POLICIES = (
    select(expiry_policy)
    .where(expiry_policy.c.township == bindparam("township"), expiry_policy.c.unit == bindparam("unit"))
    .order_by(expiry_policy.c.effective_on)
)


def _select_expirable() -> Select[Any]:
    cutoffs = bindparam("cutoffs", type_=ARRAY(DateTime(timezone=True)))
    rows = func.ledger.expirable(
        bindparam("township", type_=Integer), bindparam("accounts", type_=ARRAY(Uuid)), cutoffs
    ).table_valued(
        column("account", Uuid),
        column("cutoff", DateTime(timezone=True)),
        column("amount", BigInteger),
        name="expirable",
    )
    # If nothing ever expires, don't even call the function: it takes longer than reading a household's balance.
    return select(rows).where(rows.c.amount > 0, func.cardinality(cutoffs) > 0)


EXPIRABLE = _select_expirable()
"""What would expire of each of `accounts` by each of `cutoffs`, an ascending list; zero amounts are left out.
Includes accounts whose expiry by that cutoff is recorded already: see `RECORDED_EXPIRIES`."""

RECORDED_EXPIRIES = select(transaction.c.id).where(
    transaction.c.township == bindparam("township"),
    transaction.c.id == func.any(bindparam("expiries", type_=ARRAY(Uuid))),
)
"""Which of `expiries`, ids made by `expiry_id`, are in the books. Points returned to an account after that expire
by its next cutoff."""


class Expiries:
    def __init__(self, connection: AsyncConnection, township: TownshipId) -> None:
        self._connection = connection
        self._township = township
        self._books = Books(connection, township)

    async def adopt(self, unit: str, policy: Policy, now: datetime, *, person: str, reason: str) -> Status:
        """OK, EXISTS if the same policy is there already, CONFLICT if another one takes effect that day."""
        adopted = await self._connection.execute(
            select(
                func.ledger.adopt_expiry(
                    self._township, unit, policy.effective_on, policy.kind, policy.months, person, reason, now
                )
            )
        )
        return Status(adopted.scalar_one())

    async def read_policies(self, unit: str) -> list[AdoptedPolicy]:
        """All policies of a unit, in the order in which they take effect."""
        rows = await self._connection.execute(ADOPTED_POLICIES, {"township": self._township, "unit": unit})
        return [
            AdoptedPolicy(
                Policy(row.effective_on, PolicyKind(row.kind), row.months), row.person, row.reason, row.adopted_at
            )
            for row in rows
        ]

    async def read_expirable(
        self, accounts: Sequence[AccountId], cutoffs: Sequence[datetime]
    ) -> dict[tuple[AccountId, datetime], int]:
        """What would expire of each account by each cutoff; zero amounts are left out."""
        rows = await self._connection.execute(
            EXPIRABLE, {"township": self._township, "accounts": list(accounts), "cutoffs": sorted(set(cutoffs))}
        )
        return await self.without_recorded({(AccountId(r.account), r.cutoff): r.amount for r in rows})

    async def preview(
        self, scope: AccountScope, cutoff: datetime, after: AccountId | None, limit: int
    ) -> ExpiryBatch:
        """What would expire now of the next `limit` accounts; nothing is changed."""
        rows = await self._connection.execute(
            text("select * from ledger.expiring(:township, :unit, :prefix, :cutoff, :after, :limit)"),
            {
                "township": self._township,
                "unit": scope.unit,
                "prefix": scope.prefix,
                "cutoff": cutoff,
                "after": after,
                "limit": limit,
            },
        )
        examined: list[Row[Any]] = list(rows)
        expirable = await self.without_recorded(
            {(AccountId(r.account), cutoff): r.amount for r in examined if r.amount}
        )
        return ExpiryBatch(
            examined=len(examined),
            amounts={account: amount for (account, _), amount in expirable.items()},
            next_after=AccountId(examined[-1].account) if len(examined) == limit else None,
        )

    async def expire(
        self,
        scope: AccountScope,
        boundary: Boundary,
        after: AccountId | None,
        limit: int,
        now: datetime,
        *,
        into: AccountId,
        person: str,
        reason: str,
    ) -> ExpiryBatch:
        """Expire what is due of the next `limit` accounts; a batch that is repeated takes nothing more.

        The balances are locked and the amounts calculated again before anything is taken: the account's limit
        would prevent an overdraft, but points spent at the same moment would be taken from newer ones.
        """
        preview = await self.preview(scope, boundary.cutoff, after, limit)
        await self._books.lock_balances(list(preview.amounts))
        expirable = await self.read_expirable(list(preview.amounts), [boundary.cutoff])
        batch = [
            Transaction(
                id=expiry_id(account, boundary.cutoff),
                kind=EXPIRY_KIND,
                phase=Phase.POSTED,
                transfers=(Transfer(account, into, scope.unit, amount),),
                person=person,
                reason=reason,
                effective_at=boundary.at,
                metadata={
                    "boundary": boundary.on.isoformat(),
                    "earned_before": boundary.earned_before.isoformat(),
                },
            )
            for (account, _), amount in expirable.items()
        ]
        results = await self._books.post(batch, now) if batch else []
        return ExpiryBatch(
            examined=preview.examined,
            # An account closed meanwhile keeps its points.
            amounts={
                account: amount
                for ((account, _), amount), result in zip(expirable.items(), results, strict=True)
                if result.status is Status.OK
            },
            next_after=preview.next_after,
        )

    async def without_recorded(
        self, amounts: dict[tuple[AccountId, datetime], int]
    ) -> dict[tuple[AccountId, datetime], int]:
        """Leave out accounts whose expiry by the same cutoff is recorded already."""
        ids: dict[UUID, tuple[AccountId, datetime]] = {expiry_id(*key): key for key in amounts}
        found = await self._connection.scalars(
            RECORDED_EXPIRIES, {"township": self._township, "expiries": list(ids)}
        )
        recorded = {ids[id] for id in found}
        return {key: amount for key, amount in amounts.items() if key not in recorded}
