"""What of an objection may be shown, and to whom: every page, list, slip and answer asks here."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.bookkeeping.general_ledger.disclosure import Confidentiality, Viewer, disclose
from api.platform.access import Role, Staff


@dataclass(frozen=True, slots=True)
class ObjectionDisclosure:
    """`objector`: who raised it. `text`: what they wrote. `subject`: what the entry is for, and with it the reason
    of the decision."""

    objector: bool
    text: bool
    subject: bool


def disclose_objection(
    viewer: Viewer,
    entry: Confidentiality,
    *,
    way: str,
    taken_by: UUID | None = None,
    interested: bool = False,
    own: bool = False,
) -> ObjectionDisclosure:
    """Of an objection to this entry. Who raised it is named to the supervisors alone, not even to who took it
    down, nor to a supervisor whom the entry concerns (`interested`). `own`: it is shown on the page of the
    household that raised it."""
    subject = disclose(viewer, entry).subject
    if isinstance(viewer, Staff):
        supervises = viewer.may(Role.SUPERVISOR) and viewer.serves(entry.village) and not interested
        return ObjectionDisclosure(supervises, supervises or viewer.id == taken_by, subject)
    # What was taken down at the desk could tell the subject to whoever holds the card.
    return ObjectionDisclosure(own, own and (subject or way == "card"), subject)
