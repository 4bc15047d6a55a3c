"""Seal the books as they grow, sign heads of the tree, and prove what is in it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from api import wire
from api.bookkeeping.seals.keys import seal_key
from api.platform import accounts
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.use_cases import find_card_holder
from api.registry.register.queries import read_township_name
from ledger.heads import HeadError, SealKey, SignedHead, VerifierKey
from ledger.proofs import Proof
from ledger.seals import NotSealedError, RewrittenError, Seals
from ledger.transactions import TransactionId

# Records a step, so that no step takes long.
AT_ONCE = 2_000
# A new head when the books have grown, at most this often; and one at least daily, for the notice.
OFTEN = timedelta(hours=1)
SELDOM = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Seal:
    """What a notice prints of the newest head: its text, and the key by which to check it."""

    head: SignedHead
    key: VerifierKey


async def seal(services: Services) -> bool:
    """One step of the background sealer; whether there is more to do. Writers wait for none of it."""
    async with services.unit_of_work() as uow:
        seals = await _seals(uow)
        before = await seals.read_size()
        size = await seals.append(limit=AT_ONCE)
        if size - before < AT_ONCE and size > 0:
            await _sign_when_due(services, uow, seals)
        return size - before >= AT_ONCE


async def _sign_when_due(services: Services, uow: UnitOfWork, seals: Seals) -> None:
    latest = await seals.read_latest_head()
    if latest is not None:
        age = uow.now - latest.head.signed_at
        if age < OFTEN or (age < SELDOM and not await seals.has_grown_since(latest.head.size)):
            return
    await seals.sign(await _key(services, uow), uow.now)


async def newest(uow: UnitOfWork) -> Seal | None:
    """The newest head; None before the first, or where no key of ours signed it, which `verify` tells."""
    seals = await _seals(uow)
    signed = await seals.read_latest_head()
    keys = await seals.read_keys() if signed is not None else []
    return next((Seal(signed, key) for key in keys if signed is not None and key.has_signed(signed)), None)


async def reference(uow: UnitOfWork) -> str:
    """What receipts print of the newest head; nothing before the first."""
    signed = await (await _seals(uow)).read_latest_head()
    return signed.head.reference if signed is not None else ""


async def head(services: Services) -> wire.SignedHeadView:
    """Raises Refused: not-sealed."""
    async with services.unit_of_work() as uow:
        sealed = await newest(uow)
    if sealed is None:
        raise Refused(ErrorCode.NOT_SEALED, "账本还没有封印，请稍后再试。")
    return wire.SignedHeadView(
        note=sealed.head.text,
        key=sealed.key.text,
        fingerprint=sealed.key.fingerprint,
        size=sealed.head.head.size,
        signed_at=sealed.head.head.signed_at,
    )


async def signed_heads(services: Services, limit: int) -> list[str]:
    """The newest heads' texts, newest first."""
    async with services.unit_of_work() as uow:
        return [signed.text for signed in await (await _seals(uow)).signed_heads(limit)]


async def prove(services: Services, transaction: UUID, poster: str | None = None) -> Proof:
    """The proof of one transaction under the newest head, and from the head of an old notice if one is given. What
    no head covers yet is sealed and signed for it.

    Raises Refused: unknown, not-sealed (yet), malformed or not-ours (the notice), rewritten (since the notice).
    """
    since = _poster(poster) if poster is not None else None
    id = TransactionId(transaction)
    async with services.unit_of_work() as uow:
        if not await uow.books.recorded([id]):
            raise Refused(ErrorCode.UNKNOWN, "账本里没有这个编号的交易。")
        seals = await _seals(uow)
        if since is not None:
            await _require_ours(seals, since)
        if not await seals.is_covered(id):
            size = await seals.read_size()
            while (grown := await seals.append(limit=AT_ONCE)) - size == AT_ONCE:
                size = grown
            try:
                await seals.sign(await _key(services, uow), uow.now)
            except RewrittenError:
                raise Refused(
                    ErrorCode.REWRITTEN, "账本与最近的封印不符：历史被改写过，请立即告诉监委。"
                ) from None
        try:
            return await seals.prove(id, since)
        except NotSealedError:
            raise Refused(ErrorCode.NOT_SEALED, "这笔交易刚登记，还没有封印，请过几秒再试。") from None


async def prove_own(services: Services, card: str, transaction: UUID) -> Proof:
    """The proof of an entry of the household whose card this is. Raises Refused: as `find_card_holder` and `prove`
    do."""
    async with services.unit_of_work() as uow:
        household = await find_card_holder(uow, card)
        account = accounts.household(household.code).id
        if not await uow.books.has_entry(account, TransactionId(transaction)):
            raise Refused(ErrorCode.UNKNOWN, "这户的账上没有这一笔。")
    return await prove(services, transaction)


async def _require_ours(seals: Seals, poster: SignedHead) -> None:
    if not any(key.has_signed(poster) for key in await seals.read_keys()):
        raise Refused(ErrorCode.NOT_OURS, "这张公告的封印不是本乡镇的公钥签的，或者抄录有误。")
    if poster.head.size > await seals.read_size() or await seals.read_root(poster.head.size) != poster.head.root:
        raise Refused(ErrorCode.REWRITTEN, "账本与这张公告不符：公告之后历史被改写过，请立即告诉监委。")


async def consistency(services: Services, old: int, new: int) -> wire.ConsistencyPath:
    """Raises Refused: malformed, when there is no tree of that size."""
    async with services.unit_of_work() as uow:
        try:
            path = await (await _seals(uow)).prove_consistency(old, new)
        except ValueError:
            raise Refused(
                ErrorCode.MALFORMED, f"没有从 {old} 条到 {new} 条的证明：后者不能更小，也不能比账本大。"
            ) from None
    return wire.ConsistencyPath(old=old, new=new, path=[b64encode(hash).decode() for hash in path])


def _poster(text: str) -> SignedHead:
    try:
        return SignedHead.parse_copied(text)
    except HeadError as error:
        raise Refused(ErrorCode.MALFORMED, f"公告上的封印读不懂：{error}") from None


async def _seals(uow: UnitOfWork) -> Seals:
    return Seals(await uow.session.connection(), uow.township)


async def _key(services: Services, uow: UnitOfWork) -> SealKey:
    return seal_key(services.data, await read_township_name(uow))
