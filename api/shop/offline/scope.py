"""Who oversees which kiosks: the office and supervisors all of them, a committee those of its village."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true

from api.platform.access import Role, Staff
from api.shop.supermarkets.tables import Supermarket

OVERSEERS = (Role.OFFICE, Role.SUPERVISOR, Role.COMMITTEE)


def oversees(staff: Staff) -> ColumnElement[bool]:
    """The condition for supermarkets whose kiosks this person oversees."""
    if staff.may(Role.OFFICE, Role.SUPERVISOR) or staff.village is None:
        return true()
    return Supermarket.village == staff.village
