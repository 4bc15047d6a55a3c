"""What is asked before a township is founded, at the terminal and on the first page alike: each in one sentence,
with what is usual, and one sentence for an answer that is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_type_hints

import msgspec

from api import wire
from api.awards.rulebooks.gallery import list_gallery
from api.platform.errors import ErrorCode, Refused
from api.registry.founding import defaults
from api.registry.proposals import bounds
from api.wire.base import Name, PersonName
from api.wire.expiry import ExpiryKind, ExpiryMonths
from api.wire.people import ChosenPassword, Login
from api.wire.rulebooks import OneLineText
from api.wire.text import UnreadableText, read_text
from rules import format_day

BLANK = "＿＿"
LATER = "later"
"""Instead of a rulebook's name: it is decided later, at the desk."""
EXPIRIES = {
    "none": "积分不过期",
    "year-end": "每年年底，没用的积分清零",
    "rolling": "积分满几个月没用的过期",
}


@dataclass(frozen=True, slots=True)
class Question:
    """`type`: the wire type of the answer. `wrong`: what is told of another. `usual`: what stands there."""

    name: str
    text: str
    type: Any
    wrong: str
    usual: str = ""

    @property
    def is_number(self) -> bool:
        return self.type in _NUMBERS

    def read(self, answer: str) -> Any:
        """The answer's value. Raises Refused: malformed."""
        try:
            text = read_text(answer, 400, form="NFC" if self.type in _NAMES else "NFKC")
            return msgspec.convert(text, self.type, strict=False)
        except msgspec.ValidationError:
            raise Refused(ErrorCode.MALFORMED, self.wrong) from None
        except UnreadableText as error:
            raise Refused(ErrorCode.MALFORMED, str(error)) from None


_NAMES = (Name, PersonName, OneLineText)


def _types(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(struct, include_extras=True)


def _ask_number(struct: type[msgspec.Struct], name: str, sentence: str, usual: int) -> Question:
    type = _types(struct)[name]
    [limits] = type.__metadata__
    wrong = f"请填 {limits.ge} 到 {limits.le} 的整数。"
    return Question(name, sentence.format(BLANK), type, wrong, str(usual))


_LOGIN_WRONG = "用户名用小写字母和数字，最多 40 位，例如 wangfang。"
TOWNSHIP = Question("township", "乡镇的名称", Name, "请写乡镇的名称，最多 80 个字。")
FIRST = (
    Question("first_name", "您的姓名", PersonName, "请写姓名，最多 80 个字。"),
    Question("first_login", "您登录用的用户名", Login, _LOGIN_WRONG),
)
SECOND = (
    Question("second_name", "第二个人的姓名", PersonName, "请写姓名，最多 80 个字。"),
    Question("second_login", "第二个人登录用的用户名", Login, _LOGIN_WRONG),
)
DEFAULTS = tuple(
    _ask_number(wire.TownshipDefaults, name, sentence, getattr(defaults.DEFAULT, name))
    for name, sentence in defaults.BEGINNINGS.items()
)
BOUNDS = tuple(
    _ask_number(wire.ApprovalPolicy, name, f"一个人可以单独办：{sentence}", getattr(bounds.DEFAULT, name))
    for name, sentence in bounds.SENTENCES.items()
)
EXPIRY = Question("expiry", "积分过不过期", ExpiryKind, "请选积分过不过期。", "none")
MONTHS = Question("months", f"满 {BLANK} 个月没用的过期", ExpiryMonths, "请填 1 到 120 的整数。", "24")
RULEBOOK = Question("rulebook", "积分办法", str, "请选一份积分办法，或者以后再定。", "township")


def ask_decision(today: date) -> tuple[Question, ...]:
    """About the decision that adopts the rulebook."""
    day = today.isoformat()
    wrong = f"请写日期，例如 {day}。"
    return (
        Question("body", "哪个机构决定的", OneLineText, "请写决定的机构，最多 80 个字。", "乡党委"),
        Question("meeting", "哪次会议", OneLineText, f"请写会议的名称，例如“{today.year} 年第 1 次会议”。"),
        Question("decided_on", "哪天决定的", date, wrong, day),
        Question("effective_from", "从哪天起做的好事按它计分", date, wrong, day),
    )


def require_possible(password: str) -> None:
    """Raises Refused: malformed."""
    try:
        msgspec.convert(password, ChosenPassword)
    except msgspec.ValidationError:
        raise Refused(ErrorCode.MALFORMED, "密码至少 8 位，最多 200 位。") from None


_NUMBERS = (ExpiryMonths, *(each.type for each in (*DEFAULTS, *BOUNDS)))


def build_founding(values: Mapping[str, Any], password: str, second_password: str | None = None) -> wire.Founding:
    """From answers that were read, by the names of their questions."""
    rulebook = None
    if values["rulebook"] != LATER:
        decision = wire.Decision(body=values["body"], meeting=values["meeting"], decided_on=values["decided_on"])
        rulebook = wire.FirstRulebook(
            name=values["rulebook"], decision=decision, effective_from=values["effective_from"]
        )
    return wire.Founding(
        township=values["township"],
        first=wire.FirstPerson(login=values["first_login"], name=values["first_name"], password=password),
        second=wire.SecondPerson(
            login=values["second_login"], name=values["second_name"], password=second_password
        ),
        defaults=wire.TownshipDefaults(**{each.name: values[each.name] for each in DEFAULTS}),
        bounds=wire.ApprovalPolicy(**{each.name: values[each.name] for each in BOUNDS}),
        expiry=wire.FirstExpiry(
            kind=values["expiry"], months=values["months"] if values["expiry"] == "rolling" else None
        ),
        rulebook=rulebook,
    )


def summarize(values: Mapping[str, Any]) -> list[str]:
    """What will be founded, sentence by sentence."""
    expiry = EXPIRIES[values["expiry"]]
    if values["expiry"] == "rolling":
        expiry = expiry.replace("几", f" {values['months']} ")
    book = next((each for each in list_gallery() if each.name == values["rulebook"]), None)
    rulebook = (
        "积分办法以后在工作台上定。"
        if book is None
        else f"积分办法：{book.title}（{book.rules} 条），{format_day(values['decided_on'])}由{values['body']}决定"
        f"（{values['meeting']}），从{format_day(values['effective_from'])}起执行；第二个人确认以后生效。"
    )
    return [
        f"乡镇：{values['township']}",
        f"您：{values['first_name']}，用户名 {values['first_login']}",
        f"第二个人：{values['second_name']}，用户名 {values['second_login']}",
        *(each.text.replace(BLANK, str(values[each.name])) for each in (*DEFAULTS, *BOUNDS)),
        f"{expiry}。",
        rulebook,
    ]
