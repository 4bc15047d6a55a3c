"""The declaration form: a rule's own inputs, the household it is for, and what came of sending it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

import msgspec
from litestar.datastructures import FormMultiDict
from uuid_utils.compat import uuid7

from api import wire
from api.awards.claims import declaring
from api.awards.rulebooks.use_cases import in_force
from api.platform.access import Staff
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards.use_cases import mask_name
from api.registry.register.queries import HouseholdFacts, search_households
from api.web.form import read_field
from rules import Rule, Rulebook, parse_answers

_INPUT = "input."


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form, as typed. `id` is the claim's: made with the blank form, so that sending it in
    twice counts once. `household` is a code or part of a name."""

    rule: Rule
    id: UUID
    household: str = ""
    deed_on: str = ""
    person: str = ""
    note: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def asks_person(self) -> bool:
        return self.rule.requires_person


class Unfinished(Exception):
    """The form goes back to whoever filled it in, with one sentence; `candidates` are the households it may be."""

    def __init__(self, sentence: str, form: Form, candidates: Sequence[HouseholdFacts] = ()) -> None:
        super().__init__(sentence)
        self.form = form
        self.candidates = candidates


async def book_in_force(services: Services, staff: Staff) -> Rulebook:
    """What can be declared today in the village this person serves; whoever serves them all sees the township's
    book, and each claim is judged by its household's own. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        book = await in_force(uow, local_date(uow.now), staff.village or "")
    if book is None:
        raise Refused(ErrorCode.UNKNOWN, "现在还没有生效的积分规则，请联系村支委。")
    return book


def blank(rule: Rule) -> Form:
    return Form(rule, uuid7())


def read(book: Rulebook, sent: FormMultiDict) -> Form:
    """Raises Refused: unknown, malformed."""
    rule = book.rules.get(read_field(sent, "rule"))
    if rule is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这一项规则，请重新选择。")
    try:
        id = UUID(read_field(sent, "id"))
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再填。") from None
    return Form(
        rule,
        id,
        # A household picked from the list counts before what was typed to find it.
        household=read_field(sent, "picked") or read_field(sent, "household"),
        deed_on=read_field(sent, "deed_on"),
        person=read_field(sent, "person"),
        note=read_field(sent, "note"),
        answers={asked.id: read_field(sent, _INPUT + asked.id) for asked in rule.inputs},
    )


async def declare(services: Services, staff: Staff, form: Form) -> str:
    """What to tell the declarer. Raises Unfinished, and Refused: not-allowed."""
    household = await _household(services, staff, form)
    try:
        claim = msgspec.convert(
            {
                "id": form.id,
                "household": household.code,
                "rule": form.rule.id,
                "deed_on": date.fromisoformat(form.deed_on),
                "inputs": parse_answers(form.rule, form.answers),
                "person": form.person,
                "note": form.note,
            },
            wire.NewClaim,
        )
    except msgspec.ValidationError:
        raise Unfinished("姓名最多 40 字，说明最多 200 字，请写短一些。", form) from None
    except ValueError:
        raise Unfinished("请填做这件事的日期。", form) from None
    [outcome] = await declaring.declare(services, staff, [claim])
    if outcome.status == "conflict":
        sentence = "这张表刚才已经报过，内容不同。如果要另报一条，请再提交一次。"
        raise Unfinished(sentence, replace(form, id=uuid7()))
    if outcome.status == "refused":
        raise Unfinished(outcome.reason, form)
    amount = f"{outcome.points} 分，等待评议" if outcome.points > 0 else f"扣 {-outcome.points} 分，等待审核"
    return f"已申报：{mask_name(household.head)}家「{form.rule.title}」{amount}。"


async def _household(services: Services, staff: Staff, form: Form) -> HouseholdFacts:
    if not form.household:
        raise Unfinished("请填户号或户主姓名。", form)
    found = await search_households(services, staff, form.household)
    if not found:
        raise Unfinished(f"没有找到“{form.household}”，请核对户号或姓名。", form)
    if len(found) > 1:
        raise Unfinished("有几户相符，请选定一户。", form, found)
    return found[0]
