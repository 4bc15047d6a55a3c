"""What the books answered to one item of a batch: a code and a sentence."""

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
    Status.UNKNOWN_TARGET: "没有这样一笔可以办理的账，请核对编号。",
    Status.ALREADY_SETTLED: "这笔预留已经办结，不能再办。",
    Status.ALREADY_REVERSED: "这笔账已经全部更正过，没有剩余。",
    Status.EXCEEDS_TARGET: "比原账剩下的还多 {missing}，请减少数量。",
    Status.EXPIRED: "期限已过，请重新预留。",
}


async def post(uow: UnitOfWork, judged: Sequence[Transaction | wire.ItemOutcome]) -> list[wire.ItemOutcome]:
    """Post what may be posted of a batch, and answer for each item in the batch's order."""
    postings = await uow.books.post([one for one in judged if isinstance(one, Transaction)], uow.now)
    names = await uow.books.read_names(p.account for p in postings if p.account is not None)
    answers = iter(postings)
    return [one if isinstance(one, wire.ItemOutcome) else outcome(one.id, next(answers), names) for one in judged]


def outcome(id: UUID, posting: PostingResult, names: Mapping[AccountId, str]) -> wire.ItemOutcome:
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


def refused(id: UUID, code: ErrorCode | Status, sentence: str) -> wire.ItemOutcome:
    return wire.ItemOutcome(id=id, status="refused", type=code, reason=sentence)
