"""Outcomes of a batch's items: a code and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from api import wire
from api.platform import accounts
from api.platform.errors import ErrorCode
from api.platform.services import UnitOfWork
from ledger.transactions import AccountId, PostingResult, Status, Transaction

_SENTENCES = {
    Status.CONFLICT: "这个编号已用于另一笔账，内容不同。",
    Status.MALFORMED: "内容不合记账的规矩，请核对后再提交。",
    Status.UNKNOWN_ACCOUNT: "所指的账户不存在，请核对。",
    Status.CLOSED: "{account}已关闭，不能再记账。",
    Status.INSUFFICIENT: "{account}余额不够，还差 {missing} {piece}。",
    Status.OVERFLOW: "{account}的余额会超出账本能记的最大数，没有记账；请核对数目。",
    Status.UNKNOWN_TARGET: "没有这样一笔可以办理的账，请核对编号。",
    Status.ALREADY_SETTLED: "这笔预留已经办结，不能再办。",
    Status.ALREADY_REVERSED: "这笔账已经全部更正过，没有剩余。",
    Status.EXCEEDS_TARGET: "比原账剩下的还多 {missing}，请减少数量。",
    Status.EXPIRED: "期限已过，请重新预留。",
}


async def post_items(uow: UnitOfWork, items: Sequence[Transaction | wire.ItemOutcome]) -> list[wire.ItemOutcome]:
    """Post the transactions of a batch; items that are outcomes already are returned in their place."""
    results = await uow.books.post([item for item in items if isinstance(item, Transaction)], uow.now)
    names = await uow.books.read_names(result.account for result in results if result.account is not None)
    remaining = iter(results)
    return [
        item if isinstance(item, wire.ItemOutcome) else to_outcome(item.id, next(remaining), names)
        for item in items
    ]


def to_outcome(id: UUID, posting: PostingResult, names: Mapping[AccountId, str]) -> wire.ItemOutcome:
    if posting.accepted:
        return wire.ItemOutcome(id=id, status=posting.status)
    account = names.get(posting.account, "") if posting.account is not None else ""
    sentence = _SENTENCES[posting.status].format(
        account=accounts.describe_account(account), missing=posting.missing, piece=accounts.counting_word(account)
    )
    status = "conflict" if posting.status is Status.CONFLICT else "refused"
    return wire.ItemOutcome(
        id=id, status=status, type=posting.status, reason=sentence, missing=posting.missing, account=account
    )


def refuse_item(id: UUID, code: ErrorCode | Status, sentence: str) -> wire.ItemOutcome:
    return wire.ItemOutcome(id=id, status="refused", type=code, reason=sentence)
