"""Households by the whole names of their people, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ARRAY, Text, cast, or_, select

from api.platform.access import Staff
from api.platform.services import UnitOfWork
from api.registry.register.tables import Household


async def find_by_names(uow: UnitOfWork, staff: Staff, names: Collection[str]) -> Mapping[str, Sequence[str]]:
    """The codes of the living households that this person serves, by the name of their head or of a grown-up in
    them; several where people share a name."""
    wanted = set(names)
    rows = await uow.session.execute(
        select(Household.code, Household.head, Household.adults)
        .where(
            Household.township == uow.township,
            Household.ended_at.is_(None),
            or_(Household.head.in_(wanted), Household.adults.bool_op("&&")(cast(list(wanted), ARRAY(Text)))),
            *([] if staff.serves_township else [Household.village == staff.village]),
        )
        .order_by(Household.code)
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for code, head, adults in rows:
        for name in {head, *adults} & wanted:
            found[name].append(code)
    return found


async def read_known_names(uow: UnitOfWork, codes: Collection[str]) -> Mapping[str, Sequence[str]]:
    """The names of those who are known of each of these households, its head first."""
    rows = await uow.session.execute(
        select(Household.code, Household.head, Household.adults).where(
            Household.township == uow.township, Household.code.in_(codes)
        )
    )
    return {code: list(dict.fromkeys([head, *adults])) for code, head, adults in rows}
