"""Deductions never take more than the household has."""

from __future__ import annotations

from collections.abc import Iterable

from api.platform import accounts
from api.platform.services import UnitOfWork
from ledger.transactions import AccountId

KIND = "deduction"


async def available_points(uow: UnitOfWork, households: Iterable[str]) -> dict[str, int]:
    """What could be deducted from each household now, by code: the balance without reserved points. Points leased
    to kiosks may already be spent, so they are not included."""
    ids: dict[str, AccountId] = {code: accounts.household(code).id for code in households}
    balances = await uow.books.read_balances(list(ids.values()))
    return {code: balances[id].available if id in balances else 0 for code, id in ids.items()}
