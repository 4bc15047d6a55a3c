"""The declaration form: its fields as typed, from a page, a draft or an earlier claim, and as a claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import msgspec
from litestar.datastructures import FormMultiDict
from uuid_utils.compat import uuid7

from api import wire
from api.awards.claims.tables import Claim
from api.platform.errors import ErrorCode, Refused
from api.registry.register.queries import HouseholdFacts
from api.web.form import read_code, read_field, read_lines
from rules import Rule, parse_answers

_INPUT = "input."
_MAX_ANSWERS = 50


@dataclass(frozen=True, slots=True)
class TypedFields:
    """What a person types. `household` is a code, part of a name or what is on a card. `replaces`: the claim that
    was sent back and is corrected by this one."""

    household: str = ""
    deed_on: str = ""
    person: str = ""
    note: str = ""
    again: str = ""
    replaces: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeclarationForm:
    """`id` is the claim's, created with the empty form so that submitting it twice declares one claim.
    `edition`: the version of the book that the page was made from. `after`: the claim that this one comes after.
    `seen`: the code of a household whose earlier deeds the page showed. `declared_twice`: the household has a
    claim for this very deed, and `again` has to say why this is another. `grown_ups`: those of the household that
    are known by name, where the rule asks who did it."""

    rule: Rule
    id: UUID
    edition: str
    typed: TypedFields = TypedFields()
    after: UUID | None = None
    seen: str = ""
    declared_twice: bool = False
    grown_ups: Sequence[str] = ()

    def with_photos(self, answers: Mapping[str, str]) -> DeclarationForm:
        return replace(self, typed=replace(self.typed, answers={**self.typed.answers, **answers}))

    @property
    def takes_photos(self) -> bool:
        return any(input.type == "photo" for input in self.rule.inputs)

    @property
    def requires_person(self) -> bool:
        return self.rule.requires_person

    def with_household(self, code: str) -> DeclarationForm:
        return replace(self, typed=replace(self.typed, household=code))


class IncompleteForm(Exception):
    """The form is shown again with this sentence; `candidates` are the households that match."""

    def __init__(self, sentence: str, form: DeclarationForm, candidates: Sequence[HouseholdFacts] = ()) -> None:
        super().__init__(sentence)
        self.form = form
        self.candidates = candidates


def new_form(rule: Rule, edition: str, typed: TypedFields = TypedFields()) -> DeclarationForm:
    return DeclarationForm(rule, uuid7(), edition, typed)


def form_like(rule: Rule, edition: str, claim: Claim) -> DeclarationForm:
    """For the same deed of another household."""
    typed = replace(_typed_of(claim), person="", again="")
    return DeclarationForm(rule, uuid7(), edition, typed, after=claim.id)


def form_correcting(rule: Rule, edition: str, claim: Claim, household: str) -> DeclarationForm:
    """For a claim that was sent back."""
    typed = replace(_typed_of(claim), household=household, replaces=str(claim.id))
    return DeclarationForm(rule, uuid7(), edition, typed, seen=household)


def _typed_of(claim: Claim) -> TypedFields:
    return TypedFields(
        deed_on=claim.deed_on.isoformat(),
        person=claim.person,
        note=claim.note,
        again=claim.again,
        answers={id: str(answer) for id, answer in claim.inputs.items()},
    )


def read_form(rule: Rule, data: FormMultiDict) -> DeclarationForm:
    """Raises Refused: malformed."""
    # A household picked from a list has precedence over the text typed to find it.
    picked = read_code(data, "picked")
    id, after, series = (_read_id(data, name) for name in ("id", "after", "series"))
    typed = read_typed(data)
    typed = replace(typed, household=picked or typed.household)
    if series is not None:
        # Each household that is named there has a claim of its own, however often its button is pressed.
        id = uuid5(series, typed.household)
    if id is None:
        raise _malformed()
    return DeclarationForm(
        rule, id, read_code(data, "edition"), typed, after=after, seen=picked or read_code(data, "seen")
    )


def read_typed(data: FormMultiDict) -> TypedFields:
    inputs = [name for name in data if name.startswith(_INPUT)][:_MAX_ANSWERS]
    return TypedFields(
        household=read_field(data, "household"),
        deed_on=read_code(data, "deed_on"),
        person=read_field(data, "person"),
        note=read_field(data, "note"),
        again=read_field(data, "again"),
        replaces=str(_read_id(data, "replaces") or ""),
        answers={name.removeprefix(_INPUT): read_lines(data, name) for name in inputs},
    )


def to_draft(typed: TypedFields) -> dict[str, Any]:
    return asdict(typed)


def from_draft(kept: dict[str, Any]) -> TypedFields:
    return msgspec.convert(kept, TypedFields)


def to_claim(form: DeclarationForm, household: str) -> wire.NewClaim:
    """Raises IncompleteForm."""
    typed = form.typed
    try:
        return msgspec.convert(
            {
                "id": form.id,
                "household": household,
                "rule": form.rule.id,
                "deed_on": date.fromisoformat(typed.deed_on),
                "inputs": parse_answers(form.rule, typed.answers),
                "person": typed.person,
                "note": typed.note,
                "again": typed.again,
                "replaces": UUID(typed.replaces) if typed.replaces else None,
            },
            wire.NewClaim,
        )
    except msgspec.ValidationError:
        raise IncompleteForm("姓名最多 40 字，说明最多 200 字，请写短一些。", form) from None
    except ValueError:
        raise IncompleteForm("请填做这件事的日期。", form) from None


def _read_id(data: FormMultiDict, name: str) -> UUID | None:
    """Raises Refused: malformed."""
    text = read_code(data, name)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise _malformed() from None


def _malformed() -> Refused:
    return Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再填。")
