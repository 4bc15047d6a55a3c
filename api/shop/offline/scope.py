"""Whose kiosks a person sees to: the office and supervisors all of them, a committee those of its village."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true

from api.platform.access import Role, Staff
from api.shop.stock.tables import Supermarket

SEE_TO = (Role.OFFICE, Role.SUPERVISOR, Role.COMMITTEE)


def seen_to(staff: Staff) -> ColumnElement[bool]:
    """The supermarkets whose kiosks are this person's to see to."""
    if staff.may(Role.OFFICE, Role.SUPERVISOR) or staff.village is None:
        return true()
    return Supermarket.village == staff.village
