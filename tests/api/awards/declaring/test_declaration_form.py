"""What holds for every form: a draft gives back what was typed, and buttons have one claim for a household."""

from __future__ import annotations

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from litestar.datastructures import FormMultiDict

from api.awards.declaring.declaration_form import TypedFields, from_draft, read_form, to_draft
from rules import load_builtin

_RULE = load_builtin("township").get_rule("A09")
_TEXTS = st.text(max_size=20)
_CODES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[0-9]{1,3}){1,2}", fullmatch=True)


@given(
    st.builds(
        TypedFields,
        household=_TEXTS,
        deed_on=_TEXTS,
        person=_TEXTS,
        note=_TEXTS,
        again=_TEXTS,
        replaces=_TEXTS,
        answers=st.dictionaries(_TEXTS, _TEXTS, max_size=3),
    )
)
def test_a_draft_gives_back_what_was_typed(typed: TypedFields) -> None:
    assert from_draft(json.loads(json.dumps(to_draft(typed)))) == typed


@given(st.uuids(), st.lists(_CODES, min_size=2, max_size=20))
def test_a_page_of_buttons_has_one_claim_a_household(series: UUID, tapped: list[str]) -> None:
    ids: dict[str, UUID] = {}
    for code in tapped:
        form = read_form(_RULE, FormMultiDict([("series", str(series)), ("picked", code), ("household", "")]))
        assert form.typed.household == code
        assert ids.setdefault(code, form.id) == form.id
    assert len(set(ids.values())) == len(ids)
