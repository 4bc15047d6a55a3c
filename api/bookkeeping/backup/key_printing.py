"""The key's parts at the desk: two people agree that they are printed, one prints them, and says three words of
them before the server forgets the key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from api import wire
from api.bookkeeping.backup.key_parts import PrintedPart, already_printed, draw
from api.platform.access import Role, Staff, require_township
from api.platform.backup.catalogue import lock_key
from api.platform.backup.keys import (
    KeyRecord,
    forget_secret,
    read_key_record,
    read_secret,
    shorten,
    split,
    write_key_record,
)
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import NewProposal, ProposalKind, Proposed, Signer, propose, to_view
from api.wire.base import Wire


class _Approval(Wire, frozen=True):
    """Of the key with this number, by these two."""

    key: str
    approved_by: list[str]


@dataclass(frozen=True, slots=True)
class ShownParts:
    """For a page to print, once: whoever shows them again gets others, which don't go together with these."""

    number: str
    parts: Sequence[PrintedPart]


async def propose_printing(services: Services, staff: Staff) -> wire.ProposalView:
    """Raises Refused: not-allowed; wrong-state, where there is no secret on the server."""
    require_township(staff, Role.OFFICE)
    record = _require_secret(services)
    async with services.unit_of_work() as uow:
        request = wire.BackupKeyPrinting(record.fingerprint)
        what = f"印出备份钥匙（钥匙号 {record.fingerprint}）的三片，分给党支部、村委会、监委；印好后服务器忘掉钥匙"
        new = NewProposal(request=request, what=what, village=None)
        return await to_view(uow, KEY_PRINTING, await propose(uow, KEY_PRINTING, Signer.of(staff), new), staff)


async def _approve(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> _Approval:
    wanted = msgspec.convert(proposed.request, wire.BackupKeyPrinting)
    return _Approval(wanted.key, [proposed.proposer.name, confirmer.name])


async def _note_approval(services: Services, approval: _Approval) -> None:
    with lock_key(services.data):
        record = read_key_record(services.data)
        # Another key was begun meanwhile: of that nobody has agreed to anything.
        if record is not None and record.fingerprint == approval.key:
            changed = msgspec.structs.replace(record, approved_by=tuple(approval.approved_by))
            write_key_record(services.data, changed)


KEY_PRINTING = ProposalKind(
    "backup-key",
    "印备份钥匙",
    Confirmers((Role.OFFICE, Role.SUPERVISOR)),
    _approve,
    afterwards=_note_approval,
)


def show_parts(services: Services, staff: Staff) -> ShownParts:
    """Raises Refused: not-allowed, wrong-state."""
    require_township(staff, Role.OFFICE)
    with lock_key(services.data):
        record = _require_approved(services)
        identity = read_secret(services.data)
        assert identity is not None
        parts = split(identity)
        check = _digest([part.words[-1] for part in parts])
        write_key_record(services.data, msgspec.structs.replace(record, shown=check))
    return ShownParts(record.fingerprint, [draw(part) for part in parts])


def confirm_printed(services: Services, staff: Staff, last_words: Sequence[str]) -> KeyRecord:
    """Forget the secret. `last_words`: the last of each part, as they stand on paper. Raises Refused: not-allowed,
    wrong-state, key-words-wrong."""
    require_township(staff, Role.OFFICE)
    with lock_key(services.data):
        record = _require_approved(services)
        if not record.shown or _digest(last_words) != record.shown:
            raise Refused(
                ErrorCode.KEY_WORDS_WRONG,
                "和最后一次显示的三片对不上：请照三页纸各填第 33 个词，或重新显示、重印。",
            )
        by = tuple(dict.fromkeys([*record.approved_by, staff.name]))
        printed = msgspec.structs.replace(
            record, shown="", printed_at=services.clock.now(), printed_by=by, approved_by=()
        )
        forget_secret(services.data, printed)
    return printed


def _digest(words: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(shorten(word) for word in words).encode()).hexdigest()


def _require_secret(services: Services) -> KeyRecord:
    record = read_key_record(services.data)
    if record is None:
        raise Refused(ErrorCode.WRONG_STATE, "还没有备份钥匙：服务器做了第一份备份就有了。")
    if read_secret(services.data) is None:
        raise already_printed()
    return record


def _require_approved(services: Services) -> KeyRecord:
    record = _require_secret(services)
    if not record.approved_by:
        raise Refused(ErrorCode.WRONG_STATE, "印钥匙要两个人同意：请先提议，再由另一个人在“两人办理”里确认。")
    return record
