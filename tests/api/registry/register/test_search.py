"""Households are found by whatever a person knows of them."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from api import wire
from api.platform.access import Role, Staff
from api.platform.services import Services
from api.registry.register.search import search_households
from api.registry.register.search_key import make_search_key
from api.registry.register.tables import Household
from api.registry.register.use_cases import add_grids, add_households, add_villages, init_township
from tests.conftest import PASSWORD

OFFICE = Staff(uuid4(), "办公室", frozenset({Role.OFFICE}), None, None)
COMMITTEE = Staff(uuid4(), "村委", frozenset({Role.COMMITTEE}), "v02", None)
HEADS = {
    "v01-01-001": "王小明",
    "v01-01-002": "单雄信",
    "v01-02-012": "曾小军",
    "v02-01-012": "阿卜杜·热合曼",
    "v02-01-013": "吕布",
    "v02-03-112": "王明",
}
ALL = set(HEADS.values())


@pytest.fixture
async def register(base: Services) -> Services:
    first = wire.NewPerson(login="office", name="办公室", roles=["office"], township=True, password=PASSWORD)
    await init_township(base, "示范乡", first)
    villages = {"v01": "柳湾村", "v02": "河畔村"}
    await add_villages(base, OFFICE, [wire.NewVillage(code=c, name=n) for c, n in villages.items()])
    grids = [("v01-01", "第一网格"), ("v01-02", "第二网格"), ("v02-01", "一组"), ("v02-03", "王家网格")]
    await add_grids(base, OFFICE, [wire.NewGrid(code=c, village=c[:3], name=n) for c, n in grids])
    households = [wire.NewHousehold(code=c, village=c[:3], grid=c[:6], head=h) for c, h in HEADS.items()]
    await add_households(base, OFFICE, households)
    return base


FOUND = {
    # Part of the name, in any spelling.
    "王": {"王小明", "王明"},
    "王 小明": {"王小明"},
    "小": {"王小明", "曾小军"},
    "阿卜杜热合曼": {"阿卜杜·热合曼"},
    "热合曼 阿卜杜": {"阿卜杜·热合曼"},
    # Pinyin from any syllable on, and initials.
    "wxm": {"王小明"},
    "WangXiaoMing": {"王小明"},
    "wang xiao ming": {"王小明"},
    "ming": {"王小明", "王明"},
    "wangxm": {"王小明"},
    "abdrhm": {"阿卜杜·热合曼"},
    "angxiao": set(),
    "lü": {"吕布"},
    "lvbu": {"吕布"},
    # A family's name is read as one, or as who doesn't know the family reads it.
    "sxx": {"单雄信"},
    "shan": {"单雄信"},
    "danxiong": {"单雄信"},
    "zeng": {"曾小军"},
    # The whole code however it is typed, or its end.
    "v01-01-001": {"王小明"},
    "Ｖ０１—０１－００１": {"王小明"},
    "012": {"曾小军", "阿卜杜·热合曼"},
    "12": {"曾小军", "阿卜杜·热合曼", "王明"},
    "01-012": {"阿卜杜·热合曼"},
    # A grid's code or name, a village's name.
    "v02-01": {"阿卜杜·热合曼", "吕布"},
    "一组": {"王小明", "单雄信", "阿卜杜·热合曼", "吕布"},
    "第1网格": {"王小明", "单雄信", "阿卜杜·热合曼", "吕布"},
    "王家网格": {"王明"},
    "柳湾": {"王小明", "单雄信", "曾小军"},
    # Every word has to fit.
    "柳湾 一组 王": {"王小明"},
    "河畔 wm": {"王明"},
    "012 曾": {"曾小军"},
    # Nothing a database could take for a pattern.
    "%": set(),
    "_": set(),
    "\\": set(),
    "": set(),
    " 　": set(),
    "·": set(),
}


async def test_by_name_pinyin_code_grid_or_village(register: Services) -> None:
    for typed, heads in FOUND.items():
        assert {each.head for each in await search_households(register, OFFICE, typed)} == heads, typed


async def test_a_village_finds_its_own(register: Services) -> None:
    for typed, heads in FOUND.items():
        own = {head for code, head in HEADS.items() if head in heads and code.startswith("v02")}
        assert {each.head for each in await search_households(register, COMMITTEE, typed)} == own, typed


async def test_who_is_called_just_so_comes_first(register: Services) -> None:
    async with register.unit_of_work() as uow:
        await uow.session.execute(
            insert(Household),
            [
                {
                    "township": uow.township,
                    "id": uuid4(),
                    "code": f"v01-01-{n}",
                    "village": "v01",
                    "grid": "v01-01",
                    "head": "王明亮",
                    "people": 1,
                }
                for n in range(500, 540)
            ],
        )
    found = await search_households(register, OFFICE, "王明")
    assert (len(found), found[0].head, found[1].head) == (20, "王明", "王明亮")


async def test_one_that_ended_is_left_out_unless_asked_for(register: Services) -> None:
    async with register.unit_of_work() as uow:
        await uow.session.execute(update(Household).where(Household.code == "v02-03-112").values(ended_at=uow.now))
    for typed in ("王明", "v02-03-112", "wm"):
        assert not await search_households(register, OFFICE, typed)
        [found] = await search_households(register, OFFICE, typed, ended=True)
        assert found.ended_at is not None


async def test_the_key_is_of_the_head(register: Services) -> None:
    """Whoever writes the one and forgets the other is refused by the database."""
    change = update(Household).where(Household.code == "v02-03-112")
    with pytest.raises(IntegrityError, match="household_search_key"):
        async with register.unit_of_work() as uow:
            await uow.session.execute(change.values(head="李强"))
    async with register.unit_of_work() as uow:
        await uow.session.execute(change.values(head="李强", search_key=make_search_key("李强")))
    assert [each.code for each in await search_households(register, OFFICE, "lq")] == ["v02-03-112"]
