"""Who oversees which kiosks: whoever serves the whole township all of them, others those of their village."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true

from api.platform.access import Role, Staff
from api.shop.supermarkets.tables import Supermarket

OVERSEERS = (Role.OFFICE, Role.SUPERVISOR, Role.COMMITTEE)


def oversees(staff: Staff) -> ColumnElement[bool]:
    """The condition for supermarkets whose kiosks this person oversees."""
    if staff.serves_township:
        return true()
    return Supermarket.village == staff.village
