"""The declaration form: the inputs of a rule, the household, and submitting it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

import msgspec
from litestar.datastructures import FormMultiDict
from uuid_utils.compat import uuid7

from api import wire
from api.awards.declaring import declarations
from api.awards.rulebooks.use_cases import book_in_force
from api.platform.access import Staff
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.register.queries import HouseholdFacts, list_grown_ups
from api.registry.register.search import search_households
from api.web.form import read_code, read_field, read_lines
from api.wire.names import mask_name
from rules import Rule, Rulebook, parse_answers

_INPUT = "input."


@dataclass(frozen=True, slots=True)
class DeclarationForm:
    """The content of the form as typed. `id` is the claim's, created with the empty form so that submitting it
    twice declares one claim. `household` is a code or part of a name. `declared_twice`: the
    household has a claim for this deed, and `again` has to say why this is another. `grown_ups`: those of the
    household that are known by name, where the rule asks who did it."""

    rule: Rule
    id: UUID
    household: str = ""
    deed_on: str = ""
    person: str = ""
    note: str = ""
    again: str = ""
    declared_twice: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    grown_ups: Sequence[str] = ()

    @property
    def requires_person(self) -> bool:
        return self.rule.requires_person


class IncompleteForm(Exception):
    """The form is shown again with this sentence; `candidates` are the households that match."""

    def __init__(self, sentence: str, form: DeclarationForm, candidates: Sequence[HouseholdFacts] = ()) -> None:
        super().__init__(sentence)
        self.form = form
        self.candidates = candidates


async def load_book(services: Services, staff: Staff) -> Rulebook:
    """The book in force today in this person's village, the township's for somebody without one; each claim is
    evaluated under the book of its household's village. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        book = await book_in_force(uow, local_date(uow.now), staff.village or "")
    if book is None:
        raise Refused(ErrorCode.UNKNOWN, "现在还没有生效的积分规则，请联系村支委。")
    return book


def new_form(rule: Rule) -> DeclarationForm:
    return DeclarationForm(rule, uuid7())


def read_form(book: Rulebook, data: FormMultiDict) -> DeclarationForm:
    """Raises Refused: unknown, malformed."""
    rule = book.rules.get(read_code(data, "rule"))
    if rule is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这一项规则，请重新选择。")
    try:
        id = UUID(read_code(data, "id"))
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再填。") from None
    return DeclarationForm(
        rule,
        id,
        # A household picked from the list has precedence over the text typed to find it.
        household=read_code(data, "picked") or read_field(data, "household"),
        deed_on=read_code(data, "deed_on"),
        person=read_field(data, "person"),
        note=read_field(data, "note"),
        again=read_field(data, "again"),
        answers={input.id: read_lines(data, _INPUT + input.id) for input in rule.inputs},
    )


async def submit(services: Services, staff: Staff, form: DeclarationForm) -> str:
    """Declare the claim; returns a sentence for the declarer. Raises IncompleteForm, and Refused: not-allowed."""
    household = await _find_household(services, staff, form)
    if form.requires_person:
        async with services.unit_of_work() as uow:
            form = replace(form, household=household.code, grown_ups=await list_grown_ups(uow, household))
        if not form.person:
            raise IncompleteForm("请填家里谁做的。", form)
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
                "again": form.again,
            },
            wire.NewClaim,
        )
    except msgspec.ValidationError:
        raise IncompleteForm("姓名最多 40 字，说明最多 200 字，请写短一些。", form) from None
    except ValueError:
        raise IncompleteForm("请填做这件事的日期。", form) from None
    [outcome] = await declarations.declare(services, staff, [claim])
    if outcome.status == "conflict":
        sentence = "这张表刚才已经报过，内容不同。如果要另报一条，请再提交一次。"
        raise IncompleteForm(sentence, replace(form, id=uuid7()))
    if outcome.status == "declared-twice":
        raise IncompleteForm(outcome.reason, replace(form, declared_twice=True))
    if outcome.status == "refused":
        raise IncompleteForm(outcome.reason, form)
    amount = f"{outcome.points} 分，等待评议" if outcome.points > 0 else f"扣 {-outcome.points} 分，等待审核"
    return f"已申报：{mask_name(household.head)}家「{form.rule.title}」{amount}。"


async def _find_household(services: Services, staff: Staff, form: DeclarationForm) -> HouseholdFacts:
    if not form.household:
        raise IncompleteForm("请填户号或户主姓名。", form)
    matches = await search_households(services, staff, form.household)
    if not matches:
        raise IncompleteForm(f"没有找到“{form.household}”，请核对户号或姓名。", form)
    if len(matches) > 1:
        raise IncompleteForm("有几户相符，请选定一户。", form, matches)
    return matches[0]
