"""What may be shown of an award, a deduction or their entries in the books, and to whom.

The rulebook keeps some subjects from publication: a report of a wrongdoing must not name who reported it. Every
page, list, file, notice and proof asks `disclose`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID

from api.platform.access import BODY_ROLES, Role, Staff
from api.platform.services import UnitOfWork
from ledger.books import Withheld
from ledger.commitments import Opening, commit, open_commitment
from ledger.encoding import Json
from ledger.transactions import Transaction, TransactionId

UNPUBLISHED = "不公示的事项"
"""What is said instead of a subject that is kept from publication."""


class Outsider(StrEnum):
    """Who isn't signed in: anybody, whoever holds a household's card, whoever gets an exported file."""

    PUBLIC = "public"
    CARD = "card"
    FILE = "file"


Viewer: TypeAlias = Staff | Outsider


@dataclass(frozen=True, slots=True)
class Confidentiality:
    """What of an award or a deduction decides who may see it. `published`: the rulebook puts it on public notice;
    `readers`: the bodies that sign it; `declared_by`, if known."""

    village: str
    published: bool
    deduction: bool = False
    readers: Sequence[str] = ()
    declared_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """`subject`: what it is for, how it came to its points, and what people wrote about it. `household`: its name
    in full, masked, or not at all. `evidence`: the photos that go with it; with a card, those of its own
    household."""

    subject: bool
    household: Literal["full", "masked", "none"]
    evidence: bool = False


def disclose(viewer: Viewer, entry: Confidentiality) -> Disclosure:
    """What this viewer, who may know that there is such an entry, may see of it."""
    match viewer:
        case Staff():
            has_duty = _has_duty(viewer, entry)
            return Disclosure(entry.published or has_duty, "full", evidence=has_duty)
        case Outsider.FILE:
            return Disclosure(entry.published, "full")
        case Outsider.CARD:
            return Disclosure(entry.published, "masked", evidence=entry.published)
        case Outsider.PUBLIC:
            # A deduction is published without a name.
            return Disclosure(entry.published, "masked" if entry.published and not entry.deduction else "none")


def _has_duty(staff: Staff, entry: Confidentiality) -> bool:
    """Who declared it, the bodies that sign it, and the supervisors, each of its own village."""
    if staff.id == entry.declared_by:
        return True
    roles = {Role.SUPERVISOR, *(role for body in entry.readers for role in BODY_ROLES[body])}
    return staff.serves(entry.village) and staff.may(*roles)


class Disclosures:
    """The same for transactions of the books, of which the ledger says what is kept back."""

    def __init__(self, viewer: Viewer, withheld: Mapping[TransactionId, Withheld]) -> None:
        self._viewer = viewer
        self._withheld = withheld

    def may_see(self, id: TransactionId) -> bool:
        withheld = self._withheld.get(id)
        return withheld is None or disclose(self._viewer, _confidentiality(withheld)).subject

    def show_reason(self, id: TransactionId, recorded: str) -> str:
        """The reason of a transaction, of which the books have `recorded`."""
        withheld = self._withheld.get(id)
        if withheld is None or not recorded:
            return recorded
        if not self.may_see(id):
            return UNPUBLISHED
        return recorded if withheld.opening is None else _read_reason(withheld.opening)

    def find_opening(self, id: TransactionId) -> Opening | None:
        """What opens the transaction's commitment, if it has one and this viewer may see it."""
        withheld = self._withheld.get(id)
        return withheld.opening if withheld is not None and self.may_see(id) else None

    def record_tells(self, id: TransactionId, recorded: str) -> bool:
        """Whether the record itself tells a subject that this viewer may not see: it is older than commitments."""
        withheld = self._withheld.get(id)
        return withheld is not None and withheld.opening is None and bool(recorded) and not self.may_see(id)


async def read_disclosures(uow: UnitOfWork, viewer: Viewer, ids: Iterable[TransactionId]) -> Disclosures:
    return Disclosures(viewer, await uow.books.read_withheld(ids))


def _confidentiality(withheld: Withheld) -> Confidentiality:
    village = str(withheld.metadata.get("village", ""))
    return Confidentiality(village, published=False, readers=withheld.readers)


def _read_reason(opening: Opening) -> str:
    subject = opening.read()
    assert isinstance(subject, dict), "the subject that `conceal` made"
    return str(subject["reason"])


def conceal(
    transaction: Transaction,
    readers: Sequence[str],
    subject: Mapping[str, Json] | None = None,
    known: Opening | None = None,
) -> tuple[Transaction, Opening]:
    """The transaction without its reason, and what opens the commitment to the reason and `subject` that it has in
    their place. `known`: the opening of this transaction, if it is in the books already and sent again."""
    told = {**(subject or {}), "reason": transaction.reason}
    opening = open_commitment(readers, told, known.salt if known is not None else None)
    return commit(replace(transaction, reason=UNPUBLISHED), opening), opening
