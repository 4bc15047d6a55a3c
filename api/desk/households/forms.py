"""The forms by which a household is changed: what each asks for, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from litestar.datastructures import FormMultiDict

from api import wire
from api.desk.households.ending import ENDING
from api.desk.households.merging import MERGING
from api.desk.households.reviving import REVIVING
from api.desk.households.splitting import SPLITTING
from api.desk.households.two_people import HouseholdAct
from api.platform.errors import ErrorCode, Refused
from api.registry.register.changing import PlaceNames
from api.web.form import read_code, read_field


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: what a person fills in; `grid` is one of the household's village, `elsewhere` one of another."""

    name: str
    title: str
    kind: Literal["name", "code", "number", "date", "grid", "elsewhere", "tick"]
    needed: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ChangeForm:
    """`act`: what two people do; None for what one person may change."""

    name: str
    title: str
    hint: str
    fields: Sequence[Field]
    act: HouseholdAct[Any] | None = None

    @property
    def request(self) -> type[Any]:
        return wire.ChangedHousehold if self.act is None else self.act.request

    def read(self, form: FormMultiDict, places: PlaceNames) -> Any:
        """Raises Refused: malformed, with the field's title."""
        values: dict[str, str] = {
            "effective_on": read_code(form, "effective_on"),
            "reason": read_field(form, "reason"),
        }
        for field in self.fields:
            read = read_field if field.kind == "name" else read_code
            values[field.name] = read(form, field.name)
        if self.name == "move":
            values["village"] = places.village_of.get(values["grid"], "")
        filled = {name: value for name, value in values.items() if value}
        try:
            return msgspec.convert(filled, self.request, strict=False)
        except msgspec.ValidationError as error:
            raise Refused(ErrorCode.MALFORMED, self._tell(str(error))) from None

    def _tell(self, error: str) -> str:
        titles = {"effective_on": "从哪天起", "reason": "原因"} | {
            field.name: field.title for field in self.fields
        }
        found = re.search(r"\$\.(\w+)|field `(\w+)`", error)
        title = titles.get((found[1] or found[2]) if found else "", "表")
        return f"“{title}”没有填，或者填得不对，请核对。"


_CODE_HINT = "小写字母、数字和短横线"
FORMS: Mapping[str, ChangeForm] = {
    form.name: form
    for form in (
        ChangeForm(
            "change",
            "改户主、网格、人口",
            "只改填了的；没有变的不用动。",
            [
                Field("head", "新户主姓名", "name"),
                Field("grid", "网格", "grid"),
                Field("people", "人口", "number"),
            ],
        ),
        ChangeForm(
            "move",
            "迁到别的村",
            "户编号、积分、户卡和以前的账都跟着走。",
            [Field("grid", "迁到哪个村、哪个网格", "elsewhere", needed=True)],
        ),
        ChangeForm(
            "split",
            "分户",
            "从这户分出一户，要两个人办理。",
            [
                Field("code", "新户的编号", "code", needed=True, hint=_CODE_HINT),
                Field("head", "新户的户主姓名", "name", needed=True),
                Field("grid", "新户的网格", "grid", needed=True),
                Field("people", "分出去几个人", "number", needed=True),
                Field("points", "带走多少分", "number", hint="不带走就不填"),
                Field("agreed", "老户的户主同意带走这些积分", "tick"),
            ],
            SPLITTING,
        ),
        ChangeForm(
            "merge",
            "并入另一户",
            "登记重了，或者两户合成一户。这一户的积分和以前的账都归到另一户，要两个人办理。",
            [
                Field("into", "并入哪一户（户编号）", "code", needed=True),
                Field("card_goes_on", "以后用这一户的卡，另一户的卡作废", "tick"),
            ],
            MERGING,
        ),
        ChangeForm(
            "end",
            "销户",
            "整户迁走或没有人了。剩下的积分写明去处，要两个人办理。",
            [Field("kept_until", "积分保留到哪天", "date", hint="不填就现在归乡镇")],
            ENDING,
        ),
        ChangeForm(
            "revive",
            "恢复这一户",
            "并错了、销错了，或者又回来了，要两个人办理。",
            [Field("points", "从并入的那户带回多少分", "number", hint="销户的不用填")],
            REVIVING,
        ),
    )
}
"""By the last word of the form's address."""
