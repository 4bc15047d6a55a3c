"""Sending the declaration form: its household found, what it has already shown, the claim declared."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from litestar.datastructures import FormMultiDict
from uuid_utils.compat import uuid7

from api.awards.claims.same_deed import EarlierDeed
from api.awards.declaring import declarations, drafts
from api.awards.declaring.declaration_form import (
    DeclarationForm,
    IncompleteForm,
    read_typed,
    to_claim,
    to_draft,
)
from api.awards.declaring.declarer import knows
from api.awards.declaring.rounds import find_lately
from api.awards.rulebooks.use_cases import book_in_force, books_by_version
from api.platform.access import Staff
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards.use_cases import find_card_holder
from api.registry.register.moves import read_moves
from api.registry.register.queries import HouseholdFacts, list_grown_ups, read_households_by_code
from api.registry.register.search import search_households
from api.web.form import read_code
from api.wire.card_token import MalformedCard, parse
from api.wire.names import mask_name
from api.wire.text import code_form
from rules import Rulebook, describe_rule

GONE = "没有这一项规则，请重新选择；您填的都在草稿里。"


async def load_book(services: Services, staff: Staff) -> Rulebook:
    """The book in force today in this person's village, the township's for somebody without one; each claim is
    evaluated under the book of its household's village. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        book = await book_in_force(uow, local_date(uow.now), staff.village or "")
    if book is None:
        raise Refused(ErrorCode.UNKNOWN, "现在还没有生效的积分规则，请联系村支委。")
    return book


async def submit(services: Services, staff: Staff, form: DeclarationForm, problem: str = "") -> str:
    """Declare the claim; returns a sentence for the declarer. What isn't taken is kept as a draft. `problem`: why
    a photo that came with it wasn't taken.

    Raises IncompleteForm, and Refused: not-allowed.
    """
    try:
        if problem:
            raise IncompleteForm(problem, form)
        sentence = await _submit(services, staff, form)
    except IncompleteForm as error:
        form = error.form
        kept = to_draft(form.typed)
        await drafts.keep_draft(services, staff, form.id, form.rule.id, form.rule.title, kept, str(error))
        raise
    await drafts.discard_draft(services, staff, form.id)
    return sentence


async def _submit(services: Services, staff: Staff, form: DeclarationForm) -> str:
    household = await find_household(services, staff, form)
    form = form.with_household(household.code)
    if form.requires_person:
        async with services.unit_of_work() as uow:
            form = replace(form, grown_ups=await list_grown_ups(uow, household))
        if not form.typed.person:
            raise IncompleteForm("请填家里谁做的。", form)
    await _require_known_rule(services, household, form)
    claim = to_claim(form, household.code)
    async with services.unit_of_work() as uow:
        earlier = (await find_lately(uow, staff, [household.id], claim.rule, claim.deed_on)).get(household.id, [])
    others = [deed for deed in earlier if deed.deed_on != claim.deed_on]
    if others and form.seen != household.code and not claim.again:
        raise IncompleteForm(_tell_earlier(others), replace(form, seen=household.code))
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


async def keep_without_rule(services: Services, staff: Staff, data: FormMultiDict) -> tuple[UUID, str]:
    """A form whose rule has gone meanwhile, kept for another: the draft's id, and a sentence for its person."""
    rule, edition, id = (read_code(data, name) for name in ("rule", "edition", "id"))
    async with services.unit_of_work() as uow:
        book = (await books_by_version(uow, [edition])).get(edition)
    title = book.rules[rule].title if book is not None and rule in book.rules else ""
    sentence = f"「{title}」这一项现在没有了，请换一项；您填的都在草稿里。" if title else GONE
    try:
        draft = UUID(id)
    except ValueError:
        draft = uuid7()
    form = to_draft(read_typed(data))
    await drafts.keep_draft(services, staff, draft, rule, title or "没有了的一项", form, sentence)
    return draft, sentence


async def find_household(services: Services, staff: Staff, form: DeclarationForm) -> HouseholdFacts:
    """Raises IncompleteForm."""
    text = form.typed.household
    if not text:
        raise IncompleteForm("请填户号或户主姓名。", form)
    if _is_card(text):
        return await find_by_card(services, staff, form)
    matches = await search_households(services, staff, text)
    if len(matches) > 1:
        raise IncompleteForm("有几户相符，请选定一户。", form, matches)
    if matches:
        return matches[0]
    # One that has ended or moved meanwhile isn't searched for; declaring says what has become of it.
    async with services.unit_of_work() as uow:
        for household in (await read_households_by_code(uow, [code_form(text)])).values():
            if knows(staff, household, await read_moves(uow, [household.id])):
                return household
    raise IncompleteForm(f"没有找到“{text}”，请核对户号或姓名。", form)


async def find_by_card(services: Services, staff: Staff, form: DeclarationForm) -> HouseholdFacts:
    """The household of the card whose token or address stands in place of its name. Raises IncompleteForm."""
    # A card's token is kept nowhere, also not in a draft.
    unnamed = form.with_household("")
    try:
        async with services.unit_of_work() as uow:
            holder = await find_card_holder(uow, form.typed.household)
            household = (await read_households_by_code(uow, [holder.code]))[holder.code]
    except (MalformedCard, Refused) as error:
        raise IncompleteForm(str(error), unnamed) from None
    if not staff.serves(household.village):
        raise IncompleteForm("这张卡是别的村的，请由那个村申报。", unnamed)
    return household


def _is_card(text: str) -> bool:
    try:
        return bool(parse(text))
    except MalformedCard:
        return False


async def _require_known_rule(services: Services, household: HouseholdFacts, form: DeclarationForm) -> None:
    """Whoever fills in the form has to have seen the rule by which it is evaluated: that of the deed's day, in the
    household's village. Raises IncompleteForm."""
    day = to_claim(form, household.code).deed_on
    async with services.unit_of_work() as uow:
        book = await declarations.find_book(uow, household, day)
        if book is None or form.edition == book.version or form.rule.id not in book.rules:
            return
        shown = (await books_by_version(uow, [form.edition])).get(form.edition)
    rule, known = book.rules[form.rule.id], shown.rules.get(form.rule.id) if shown is not None else None
    if shown is None or known is None or describe_rule(shown, known) != describe_rule(book, rule):
        by = f"{day.month}月{day.day}日的积分办法是 {book.version} 版"
        sentence = f"{by}，这一项是 {rule.points_text}。请核对后再提交。"
        raise IncompleteForm(sentence, replace(form, rule=rule, edition=book.version))


def _tell_earlier(deeds: list[EarlierDeed]) -> str:
    told = "、".join(f"{deed.deed_on.month}月{deed.deed_on.day}日（{deed.declared_by}申报）" for deed in deeds[:3])
    return f"这户前后几天已报过这一项：{told}。确是另一件事的，再提交一次。"
