"""The one rule of who may confirm, from facts alone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.platform.access import Role, Staff
from api.platform.errors import ErrorCode
from api.registry.proposals.decision import Confirmers, ProposalFacts, find_bar

FIRST = uuid7()
BOTH = Confirmers((Role.OFFICE, Role.SUPERVISOR))
TOWNSHIP = ProposalFacts(FIRST, {Role.OFFICE}, None, ())
OFFICE = Staff(uuid7(), "冯", frozenset({Role.OFFICE}), None)
SUPERVISOR = replace(OFFICE, roles=frozenset({Role.SUPERVISOR}))


@pytest.mark.parametrize("staff", [OFFICE, SUPERVISOR])
def test_another_person_of_these_bodies_confirms(staff: Staff) -> None:
    assert find_bar(BOTH, TOWNSHIP, staff) is None


@pytest.mark.parametrize(
    ("facts", "staff", "code", "word"),
    [
        (TOWNSHIP, replace(OFFICE, id=UUID(int=FIRST.int)), ErrorCode.SAME_PERSON, "另一个人"),
        (TOWNSHIP, replace(OFFICE, roles=frozenset({Role.COUNCIL})), ErrorCode.NOT_ALLOWED, "乡镇办公室或监委"),
        (TOWNSHIP, replace(OFFICE, village="hp"), ErrorCode.NOT_ALLOWED, "全乡的事"),
        (replace(TOWNSHIP, village="ss"), replace(OFFICE, village="hp"), ErrorCode.NOT_ALLOWED, "别的村的事"),
        (
            replace(TOWNSHIP, households=["hp-1"]),
            replace(OFFICE, own=frozenset({"hp-1"})),
            ErrorCode.NOT_ALLOWED,
            "自己家",
        ),
        (
            replace(TOWNSHIP, households=["hp-1"]),
            replace(OFFICE, relatives=frozenset({"hp-1"})),
            ErrorCode.NOT_ALLOWED,
            "亲属家",
        ),
    ],
)
def test_who_does_not_confirm(facts: ProposalFacts, staff: Staff, code: ErrorCode, word: str) -> None:
    bar = find_bar(BOTH, facts, staff)
    assert bar is not None
    assert (bar.code, word in bar.sentence) == (code, True)


def test_where_two_bodies_have_to_agree_the_second_is_another() -> None:
    two = replace(BOTH, two_bodies=True)
    assert find_bar(two, TOWNSHIP, OFFICE) is not None
    assert find_bar(two, TOWNSHIP, SUPERVISOR) is None
    # Somebody of both bodies acts for the other one.
    assert find_bar(two, TOWNSHIP, replace(OFFICE, roles=frozenset({Role.OFFICE, Role.SUPERVISOR}))) is None
    assert find_bar(two, replace(TOWNSHIP, roles={Role.OFFICE, Role.SUPERVISOR}), OFFICE) is None
