"""The first book of a township may begin in the past, and only the first."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from api import wire
from api.awards.rulebooks import adoptions
from api.awards.rulebooks.use_cases import book_in_force
from api.platform.access import Role, Staff
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.people.tables import Person
from api.registry.people.use_cases import create_people
from api.registry.register.use_cases import init_township
from rules import FORBIDDEN_SUBJECTS, find_delicate, load
from tests.api.awards.rulebooks.conftest import text


@pytest.fixture
async def two(base: Services) -> list[Staff]:
    """Two people of the party branch in a township without a book."""
    people = [
        wire.NewPerson(login=login, name=login, roles=[Role.PARTY_BRANCH], township=True, password=None)
        for login in ("jia", "yi")
    ]
    await init_township(base, "示范乡", people[0])
    await create_people(base, people[1:])
    async with base.unit_of_work() as uow:
        persons = list(await uow.session.scalars(select(Person).order_by(Person.login)))
    return [Staff(p.id, p.name, frozenset(p.roles), None) for p in persons]


async def test_only_the_first_book_may_begin_in_the_past(base: Services, two: list[Staff]) -> None:
    jia, yi = two
    first = await adoptions.propose(base, jia, wire.NewRulebook(text=text("1")))
    rival = await adoptions.propose(base, jia, wire.NewRulebook(text=text("2")))
    ticks = {item.key: list(FORBIDDEN_SUBJECTS) for item in find_delicate(load(text("1")))}
    assert (first.state, rival.state) == ("proposed", "proposed")
    assert (await adoptions.confirm(base, yi, first.id, ticks)).state == "in-force"
    with pytest.raises(Refused, match="到期前没有确认"):
        await adoptions.confirm(base, yi, rival.id, ticks)
    with pytest.raises(Refused, match="新办法不能管以前的事"):
        await adoptions.propose(base, jia, wire.NewRulebook(text=text("3")))
    async with base.unit_of_work() as uow:
        book = await book_in_force(uow, date(2025, 1, 1), "")
    assert book is not None
    assert book.version == "1"
