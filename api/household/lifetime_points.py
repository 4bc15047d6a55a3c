"""What a household has earned in all: here, in an earlier scheme, and by those that were merged into it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CTE, ColumnElement, ScalarSelect, Select, and_, bindparam, case, func, select

from api.platform import accounts
from ledger.tables import account, transaction, transfer
from ledger.transactions import Phase


# All points issued to the household, here or in an earlier scheme, less corrections. Spending doesn't lower them,
# neither here nor in the earlier scheme.
def select_lifetime_points() -> Select[Any]:
    absorbed = _select_absorbed_accounts()
    of_absorbed = select(func.sum(_earned(absorbed.c.id))).select_from(absorbed).scalar_subquery()
    return select((_earned(bindparam("account")) + func.coalesce(of_absorbed, 0)).label("points"))


def _select_absorbed_accounts() -> CTE:
    """The accounts of the households that were merged into this one."""
    absorbed = func.absorbed_households(bindparam("township"), bindparam("household"))
    codes = absorbed.table_valued("code", name="code")
    return (
        select(account.c.id)
        .select_from(codes)
        .join(account, account.c.name == accounts.household_name(codes.c.code))
        .where(account.c.township == bindparam("township"))
        .cte("absorbed_account")
    )


def _earned(of: ColumnElement[UUID]) -> ColumnElement[Any]:
    def total(own: ColumnElement[UUID], other: ColumnElement[UUID], reversal: bool) -> ScalarSelect[Any]:
        phase = (
            select(transaction.c.phase)
            .where(transaction.c.township == transfer.c.township, transaction.c.id == transfer.c.transaction)
            .scalar_subquery()
        )
        # The other account, one for the whole township, is tested per row and not in `where`, so that the planner
        # uses the index of the household's account.
        amount = case(
            (other == accounts.ISSUING.id, transfer.c.amount),
            (and_(other == accounts.IMPORTED.id, (phase == Phase.REVERSAL).is_(reversal)), transfer.c.amount),
        )
        return (
            select(func.coalesce(func.sum(amount), 0))
            .where(
                transfer.c.township == bindparam("township"),
                own == of,
                transfer.c.pending.is_(False),
            )
            .correlate_except(transfer)
            .scalar_subquery()
        )

    issued = total(transfer.c.credit, transfer.c.debit, reversal=False)
    corrected = total(transfer.c.debit, transfer.c.credit, reversal=True)
    return issued - corrected


class LifetimePoints(msgspec.Struct):
    points: int
