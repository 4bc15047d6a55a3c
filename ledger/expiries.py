"""Expiry in the books: adopt policies, tell what is up, take it. Runs inside the caller's database transaction."""

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
from ledger.expiry import Boundary, Kind, Policy, expiry_id
from ledger.tables import expiry_policy, transaction
from ledger.transactions import AccountId, Phase, Status, TownshipId, Transaction, Transfer

EXPIRY = "expiry"


@dataclass(frozen=True, slots=True)
class Adopted:
    policy: Policy
    person: str
    reason: str
    adopted_at: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose points: the open accounts of a unit with a limit whose names begin with `prefix`."""

    unit: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Some accounts in the order of their ids: `up` has those with something to expire; `last` is where the next
    slice begins, None after the last account."""

    examined: int
    up: dict[AccountId, int]
    last: AccountId | None


ADOPTED = (
    select(expiry_policy)
    .where(expiry_policy.c.township == bindparam("township"), expiry_policy.c.unit == bindparam("unit"))
    .order_by(expiry_policy.c.effective_on)
)


def _up() -> Select[Any]:
    cutoffs = bindparam("cutoffs", type_=ARRAY(DateTime(timezone=True)))
    told = func.ledger.expirable(
        bindparam("township", type_=Integer), bindparam("accounts", type_=ARRAY(Uuid)), cutoffs
    ).table_valued(
        column("account", Uuid), column("cutoff", DateTime(timezone=True)), column("amount", BigInteger), name="up"
    )
    # Where nothing ever expires, not even calling the function: that takes longer than a household's balance.
    return select(told).where(told.c.amount > 0, func.cardinality(cutoffs) > 0)


UP = _up()
"""What of each of `accounts` would expire by each of `cutoffs`, an ascending list; left out where that is nothing.
Of those that have lost something by the same cutoff, too: see `TAKEN`."""

TAKEN = select(transaction.c.id).where(
    transaction.c.township == bindparam("township"),
    transaction.c.id == func.any(bindparam("expiries", type_=ARRAY(Uuid))),
)
"""Which of `expiries`, ids that `expiry_id` makes, are in the books. What came back to an account since then waits
for its next cutoff."""


class Expiries:
    def __init__(self, connection: AsyncConnection, township: TownshipId) -> None:
        self._connection = connection
        self._township = township
        self._books = Books(connection, township)

    async def adopt(self, unit: str, policy: Policy, now: datetime, *, person: str, reason: str) -> Status:
        """OK, EXISTS when the same one is there already, CONFLICT when another one begins that day."""
        adopted = await self._connection.execute(
            select(
                func.ledger.adopt_expiry(
                    self._township, unit, policy.effective_on, policy.kind, policy.months, person, reason, now
                )
            )
        )
        return Status(adopted.scalar_one())

    async def adopted(self, unit: str) -> list[Adopted]:
        """Every policy of a unit, in the order in which they take effect."""
        rows = await self._connection.execute(ADOPTED, {"township": self._township, "unit": unit})
        return [
            Adopted(Policy(row.effective_on, Kind(row.kind), row.months), row.person, row.reason, row.adopted_at)
            for row in rows
        ]

    async def up(
        self, accounts: Sequence[AccountId], cutoffs: Sequence[datetime]
    ) -> dict[tuple[AccountId, datetime], int]:
        """What of each account would expire by each cutoff; left out where that is nothing."""
        rows = await self._connection.execute(
            UP, {"township": self._township, "accounts": list(accounts), "cutoffs": sorted(set(cutoffs))}
        )
        return await self._not_taken({(AccountId(r.account), r.cutoff): r.amount for r in rows})

    async def survey(self, scope: Scope, cutoff: datetime, after: AccountId | None, limit: int) -> Slice:
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
        found: list[Row[Any]] = list(rows)
        up = await self._not_taken({(AccountId(r.account), cutoff): r.amount for r in found if r.amount})
        return Slice(
            examined=len(found),
            up={account: amount for (account, _), amount in up.items()},
            last=AccountId(found[-1].account) if len(found) == limit else None,
        )

    async def expire(
        self,
        scope: Scope,
        boundary: Boundary,
        after: AccountId | None,
        limit: int,
        now: datetime,
        *,
        into: AccountId,
        person: str,
        reason: str,
    ) -> Slice:
        """Take what is up of the next `limit` accounts; a slice tried again takes nothing more.

        The balances are locked and reckoned again before anything is taken: a limit alone would stop an overdraft,
        but let what was spent at the same moment be made up from newer points.
        """
        seen = await self.survey(scope, boundary.cutoff, after, limit)
        await self._books.lock(list(seen.up))
        up = await self.up(list(seen.up), [boundary.cutoff])
        batch = [
            Transaction(
                id=expiry_id(account, boundary.cutoff),
                kind=EXPIRY,
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
            for (account, _), amount in up.items()
        ]
        postings = await self._books.post(batch, now) if batch else []
        return Slice(
            examined=seen.examined,
            # One that was closed a moment ago keeps what it has.
            up={
                account: amount
                for ((account, _), amount), posting in zip(up.items(), postings, strict=True)
                if posting.status is Status.OK
            },
            last=seen.last,
        )

    async def _not_taken(
        self, amounts: dict[tuple[AccountId, datetime], int]
    ) -> dict[tuple[AccountId, datetime], int]:
        """Without those that have lost something by the same cutoff."""
        ids: dict[UUID, tuple[AccountId, datetime]] = {expiry_id(*key): key for key in amounts}
        taken = await self._connection.scalars(TAKEN, {"township": self._township, "expiries": list(ids)})
        gone = {ids[id] for id in taken}
        return {key: amount for key, amount in amounts.items() if key not in gone}
