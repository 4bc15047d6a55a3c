"""Seal new records, sign tree heads, and prove what is in the tree."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from api import wire
from api.bookkeeping.general_ledger.disclosure import Outsider, Viewer, read_disclosures
from api.bookkeeping.general_ledger.transactions import find_transaction
from api.bookkeeping.seals.keys import load_seal_key
from api.platform import accounts
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.use_cases import find_card_holder
from api.registry.register.queries import read_township_name
from ledger.commitments import Opening
from ledger.heads import HeadError, SealKey, SignedHead, VerifierKey
from ledger.proofs import Proof
from ledger.restores import Restore, find_orphaning
from ledger.seals import MAX_AHEAD, NotSealedError, RewrittenError, Seals
from ledger.transactions import RecordedTransaction, TransactionId

# Records per step, so that no step takes long.
BATCH_SIZE = 2_000
# A new head is signed if the books have new records, at most hourly; in any case daily, for the notice.
MIN_HEAD_INTERVAL = timedelta(hours=1)
MAX_HEAD_INTERVAL = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PrintedHead:
    """A signed head as printed on notices, with the key that verifies it, and the restores of the books."""

    head: SignedHead
    key: VerifierKey
    restores: list[Restore]


async def seal(services: Services) -> bool:
    """One step of the background sealer; returns whether there is more to do. It never blocks writers."""
    async with services.unit_of_work() as uow:
        seals = await _get_seals(uow)
        before = await seals.read_size()
        size = await seals.append(limit=BATCH_SIZE)
        if size - before < BATCH_SIZE and size > 0:
            await _sign_when_due(services, uow, seals)
        return size - before >= BATCH_SIZE


async def _sign_when_due(services: Services, uow: UnitOfWork, seals: Seals) -> None:
    latest = await seals.read_latest_head()
    if latest is not None:
        age = uow.now - latest.head.signed_at
        if age < -MAX_AHEAD:
            # Dated by a wrong clock. The tree has grown by that head's own record at least.
            if await seals.read_size() == latest.head.size:
                return
        elif age < MIN_HEAD_INTERVAL or (
            age < MAX_HEAD_INTERVAL and not await seals.has_grown_since(latest.head.size)
        ):
            return
    await seals.sign(await _load_key(services, uow), uow.now)


async def find_newest_head(uow: UnitOfWork) -> PrintedHead | None:
    """The newest head; None before the first, or if no key of ours signed it, which `verify` reports."""
    seals = await _get_seals(uow)
    signed = await seals.read_latest_head()
    keys = await seals.read_keys() if signed is not None else []
    restores = await seals.read_restores() if keys else []
    return next(
        (PrintedHead(signed, key, restores) for key in keys if signed is not None and key.has_signed(signed)), None
    )


async def find_head_before(uow: UnitOfWork, moment: datetime) -> SignedHead | None:
    """The head that stood on the notices at that moment; None before the first."""
    return await (await _get_seals(uow)).read_head_before(moment)


async def read_reference(uow: UnitOfWork) -> str:
    """The newest head as printed on receipts; empty before the first."""
    signed = await (await _get_seals(uow)).read_latest_head()
    return signed.head.reference if signed is not None else ""


async def read_head(services: Services) -> wire.SignedHeadView:
    """Raises Refused: not-sealed."""
    async with services.unit_of_work() as uow:
        newest = await find_newest_head(uow)
    if newest is None:
        raise Refused(ErrorCode.NOT_SEALED, "账本还没有封印，请稍后再试。")
    return wire.SignedHeadView(
        note=newest.head.text,
        key=newest.key.text,
        fingerprint=newest.key.fingerprint,
        size=newest.head.head.size,
        signed_at=newest.head.head.signed_at,
        restores=[
            wire.RestoreView(
                id=each.id,
                backup_at=each.backup_at,
                restored_at=each.restored_at,
                size=each.size,
                key=each.key,
                person=each.person,
                reason=each.reason,
            )
            for each in newest.restores
        ],
    )


async def list_signed_heads(services: Services, limit: int) -> list[str]:
    """The newest heads' texts, newest first."""
    async with services.unit_of_work() as uow:
        return [signed.text for signed in await (await _get_seals(uow)).signed_heads(limit)]


async def prove(services: Services, transaction: UUID, poster: str | None = None) -> Proof:
    """The proof of a transaction, for who runs the program on the books' own machine. See `_prove`. Raises also
    Refused: unknown."""
    async with services.unit_of_work() as uow:
        if not await uow.books.recorded([TransactionId(transaction)]):
            raise Refused(ErrorCode.UNKNOWN, "账本里没有这个编号的交易。")
    return await _prove(services, TransactionId(transaction), poster)


async def prove_for_staff(services: Services, staff: Staff, transaction: UUID, poster: str | None = None) -> Proof:
    """The proof of a transaction that this person may know of; of a subject that is kept from publication it tells
    who may see it. Raises Refused: unknown, not-allowed, and as `_prove`."""
    id = TransactionId(transaction)
    async with services.unit_of_work() as uow:
        opening = await _find_opening(uow, staff, await find_transaction(uow, staff, id))
    return replace(await _prove(services, id, poster), opening=opening)


async def _find_opening(uow: UnitOfWork, viewer: Viewer, found: RecordedTransaction) -> Opening | None:
    """What the proof may add to the record. Raises Refused: not-allowed, if the record itself says too much."""
    disclosures = await read_disclosures(uow, viewer, [found.id])
    if disclosures.record_tells(found.id, found.reason):
        raise Refused(
            ErrorCode.NOT_ALLOWED,
            "这一笔不公示，登记得早，证明里会写出事项，只开给办理它的组织和监委；要核对，请找监委。",
        )
    return disclosures.find_opening(found.id)


async def _prove(services: Services, id: TransactionId, poster: str | None = None) -> Proof:
    """The proof of a transaction under the newest head, with a consistency proof from the head of an old notice if
    one is given. A transaction that no head covers yet is sealed and signed first.

    Raises Refused: not-sealed (yet), malformed or not-ours (the notice), before-restore (it was printed after the
    backup that the books went back to), rewritten (since the notice).
    """
    since = _parse_poster(poster) if poster is not None else None
    async with services.unit_of_work() as uow:
        seals = await _get_seals(uow)
        if since is not None:
            await _require_own_poster(seals, since)
        if not await seals.is_covered(id):
            size = await seals.read_size()
            while (grown := await seals.append(limit=BATCH_SIZE)) - size == BATCH_SIZE:
                size = grown
            try:
                await seals.sign(await _load_key(services, uow), uow.now)
            except RewrittenError:
                raise Refused(
                    ErrorCode.REWRITTEN, "账本与最近的封印不符：历史被改写过，请立即告诉监委。"
                ) from None
        try:
            return await seals.prove(id, since)
        except NotSealedError:
            raise Refused(ErrorCode.NOT_SEALED, "这笔交易刚登记，还没有封印，请过几秒再试。") from None


async def prove_for_card(services: Services, card: str, transaction: UUID) -> Proof:
    """The proof of an entry of a card's household. Raises Refused: unknown, not-allowed, and as `find_card_holder`
    and `_prove`."""
    id = TransactionId(transaction)
    async with services.unit_of_work() as uow:
        household = await find_card_holder(uow, card)
        found = (await uow.books.recorded([id])).get(id)
        if found is None or not await uow.books.has_entry(accounts.household(household.code).id, id):
            raise Refused(ErrorCode.UNKNOWN, "这户的账上没有这一笔。")
        opening = await _find_opening(uow, Outsider.CARD, found)
    return replace(await _prove(services, id), opening=opening)


async def _require_own_poster(seals: Seals, poster: SignedHead) -> None:
    if not any(key.has_signed(poster) for key in await seals.read_keys()):
        raise Refused(ErrorCode.NOT_OURS, "这张公告的封印不是本乡镇的公钥签的，或者抄录有误。")
    orphaning = find_orphaning(await seals.read_restores(), poster)
    if orphaning is not None:
        raise Refused(ErrorCode.BEFORE_RESTORE, orphaning.sentence)
    if poster.head.size > await seals.read_size() or await seals.read_root(poster.head.size) != poster.head.root:
        raise Refused(ErrorCode.REWRITTEN, "账本与这张公告不符：公告之后历史被改写过，请立即告诉监委。")


async def prove_consistency(services: Services, old: int, new: int) -> wire.ConsistencyPath:
    """Raises Refused: malformed, if there is no tree of that size."""
    async with services.unit_of_work() as uow:
        try:
            path = await (await _get_seals(uow)).prove_consistency(old, new)
        except ValueError:
            raise Refused(
                ErrorCode.MALFORMED, f"没有从 {old} 条到 {new} 条的证明：后者不能更小，也不能比账本大。"
            ) from None
    return wire.ConsistencyPath(old=old, new=new, path=[b64encode(hash).decode() for hash in path])


def _parse_poster(text: str) -> SignedHead:
    try:
        return SignedHead.parse_copied(text)
    except HeadError as error:
        raise Refused(ErrorCode.MALFORMED, f"公告上的封印读不懂：{error}") from None


async def _get_seals(uow: UnitOfWork) -> Seals:
    return Seals(await uow.session.connection(), uow.township)


async def _load_key(services: Services, uow: UnitOfWork) -> SealKey:
    restores = await (await _get_seals(uow)).read_restores()
    return load_seal_key(services.data, await read_township_name(uow), restores[-1].id if restores else None)
