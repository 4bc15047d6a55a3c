"""Claims from tables and lists of names: looked at first, and just that is declared."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import hypothesis.strategies as st
import pytest
from faker import Faker
from hypothesis import given, settings
from python_calamine import CalamineWorkbook

from tests.api.asking import rows
from tests.api.awards.claims.conftest import claim
from tests.api.awards.claims.conftest import declare as declare_one
from tests.api.platform.table_files.workbooks import workbook
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown
from tests.profile import many

PAGE = "/desk/claim-sheets"
DECLARE, REFUSED = f"{PAGE}/declare", f"{PAGE}/refused.xlsx"
DAY = "2026-06-10"
HEADINGS = ["户号", "户主", "哪天", "说明", "电话"]
MIXED = [
    HEADINGS,
    ["hp-1", "王建国", DAY, "扫村道", "1"],
    ["hp-2", "李秀英", "2026年6月10日", "", "2"],
    # The same again, one that isn't there, one with another's name, one that has yet to come, the declarer's own.
    ["hp-2", "李秀英", DAY, "又一行", "3"],
    ["hp-77", "", DAY, "", "4"],
    ["hp-1", "刘芳", DAY, "", "5"],
    ["ｈｐ－３", "", "2026-06-30", "", "6"],
    ["hp-4", "刘芳", DAY, "", "7"],
]


async def bring(browser: Browser, content: bytes, rule: str = "A09", name: str = "名单.xlsx", **more: str) -> str:
    await browser.open(f"{PAGE}?rule={rule}")
    return await browser.send(PAGE, (name, content), **more)


async def paste(browser: Browser, *names: str, rule: str = "A01") -> str:
    await browser.open(f"{PAGE}?rule={rule}")
    return await browser.send(PAGE, names="\n".join(names), deed_on=DAY)


async def claims(town: LiveTown) -> list[tuple[Any, ...]]:
    """What came of the sheets: the town has claims from before."""
    query = """select h.code, c.rule, c.deed_on::text, c.points, c.note from claim c
        join household h on (h.township, h.id) = (c.township, c.household)
        where c.rule <> 'T1' order by h.code, c.deed_on"""
    return [tuple(row) for row in await rows(town, query)]


@pytest.fixture
async def related(town: LiveTown) -> LiveTown:
    """hp-4 is of wang's relatives."""
    async with town.staff("office") as office:
        (await office.put("/v1/people/wang/relatives/hp-4")).raise_for_status()
    return town


async def test_each_row_is_told_before_anything_is_declared(related: LiveTown) -> None:
    async with browsing(related, "wang") as wang:
        text = await bring(wang, workbook({"名单": MIXED}))
        assert "能报的 2 行，合计 10 分。报不了的 5 行" in text
        for place, sentence in (
            ("第 4 行", "“李秀英”在第 3 行已经有了"),
            ("第 5 行", "没有编号为 hp-77 的户"),
            ("第 6 行", "hp-1 是王建国家，表里写的是“刘芳”"),
            ("第 7 行", "日期还没有到"),
            ("第 8 行", "亲属家，请由别人办理"),
        ):
            assert re.search(f"{place} .{{0,40}}{sentence}", text), (place, text)
        assert "没有用到的列：电话" in text
        assert await claims(related) == []
        seen = wang.page
        assert "已申报 2 件" in await wang.send(DECLARE)
        declared = [("hp-1", "A09", DAY, 5, "扫村道"), ("hp-2", "A09", DAY, 5, "")]
        assert await claims(related) == declared
        # The form sent twice, and the same sheet again.
        wang.page = seen
        assert "没有重复申报" in await wang.send(DECLARE)
        assert "没有要报的了" in await bring(wang, workbook({"名单": MIXED}))
        assert "已经报过的 2 行" in wang.text
        assert await claims(related) == declared


async def test_bad_rows_come_back_with_their_reasons_and_are_taken_once_put_right(related: LiveTown) -> None:
    async with browsing(related, "wang") as wang:
        await bring(wang, workbook({"名单": [*MIXED, ["hp-3", "", "=1+1", "", "8"]]}))
        await wang.send(REFUSED)
        book = CalamineWorkbook.from_filelike(BytesIO(wang.page.content))
    [heading, *bad] = book.get_sheet_by_name("申报").to_python()
    assert heading == [*HEADINGS, "没有报上的原因"]
    assert [row[4] for row in bad] == ["3", "4", "5", "6", "7", "8"]
    assert bad[1][-1] == "没有编号为 hp-77 的户。"
    bad[1][:2] = ["hp-3", "张伟"]
    async with browsing(related, "wang") as wang:
        # With what was no second one any more without the first.
        text = await bring(wang, workbook({"申报": [heading, *bad]}), name="改好.xlsx")
        assert "能报的 2 行，合计 10 分。报不了的 4 行" in text
        assert "张伟" in text.partition("行 李秀英")[2]


async def test_a_table_from_an_old_program_is_read(town: LiveTown) -> None:
    content = "河畔村清扫名单\r\n户编号,户主姓名,日期\r\nhp-1,王建国,2026/6/10\r\n,张 伟,20260610\r\n合计,2户,\r\n"
    async with browsing(town, "wang") as wang:
        text = await bring(wang, content.encode("gb18030"), name="名单.csv")
        assert "能报的 2 行，合计 10 分" in text, text
        await wang.send(DECLARE)
    assert [row[0] for row in await claims(town)] == ["hp-1", "hp-3"]


async def test_limits_count_across_the_rows_of_a_sheet(town: LiveTown) -> None:
    days = [["hp-1", f"2026-06-0{n}"] for n in range(1, 5)]
    async with browsing(town, "wang") as wang:
        text = await bring(wang, workbook({"名单": [["户号", "哪天"], *days, ["hp-2", DAY], ["hp-2", DAY]]}))
        assert "能报的 3 行" in text
        assert "报不了的 3 行" in text
        assert "这户当天已有这一项的申报（王网格申报）" in text


async def test_what_changed_meanwhile_is_shown_again(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await bring(wang, workbook({"名单": MIXED[:3]}))
        await declare_one(town, claim("A09", household="hp-2", day=DAY, again=""), by="sun")
        assert "这期间有了变化" in await wang.send(DECLARE)
        assert "孙网格申报" in wang.text
        assert "能报的 1 行" in wang.text
        assert [row[0] for row in await claims(town)] == ["hp-2"]
        assert "已申报 1 件" in await wang.send(DECLARE)
    assert [row[0] for row in await claims(town)] == ["hp-1", "hp-2"]


async def test_an_attendance_list_of_400_names(town: LiveTown) -> None:
    fake = Faker("zh_CN")
    fake.seed_instance(23)
    names = list(dict.fromkeys(fake.name() for _ in range(900)))[:402]
    heads, twin, stranger = names[:400], names[400], names[401]
    households = [
        {"code": f"hp-{n}", "village": "hp", "grid": "hp-1", "head": head, "people": 3}
        for n, head in enumerate([*heads, twin, twin], start=101)
    ]
    async with town.staff("office") as office:
        (await office.post("/v1/households", json=households)).raise_for_status()
    async with browsing(town, "wang") as wang:
        text = await paste(wang, *heads, twin, stranger, heads[0])
        assert "能报的 400 行，合计 400 分。报不了的 3 行" in text
        assert f"叫“{twin}”的有 2 户：hp-501（{twin}家）、hp-502（{twin}家）；请写户号。" in text
        assert f"没有找到叫“{stranger}”的" in text
        assert f"“{heads[0]}”在第 1 个已经有了" in text
        assert "已申报 400 件" in await wang.send(DECLARE)
        assert "没有要报的了" in await paste(wang, *heads)
    assert len(await claims(town)) == 400


@pytest.fixture
async def family(town: LiveTown) -> list[str]:
    """hp-9: those of it that are known by name."""
    people = ["刘大江", "刘小河", "刘长海", "刘远山"]
    household = {"code": "hp-9", "village": "hp", "grid": "hp-1", "head": people[0], "people": 4}
    async with town.staff("office") as office:
        (await office.post("/v1/households", json=[household | {"adults": people[1:]}])).raise_for_status()
    return people


async def test_two_people_of_a_household_count_as_the_rule_says(town: LiveTown, family: list[str]) -> None:
    async with browsing(town, "wang") as wang:
        # Three points a year.
        assert "能报的 3 行" in await paste(wang, *family)
        await wang.send(DECLARE)
        assert "已经报过的 3 行" in wang.text
    told = await rows(town, "select again from claim where rule = 'A01' order by again")
    assert [again for (again,) in told] == ["", "同一户的另一个人：刘小河", "同一户的另一个人：刘长海"]


async def test_who_was_declared_elsewhere_stands_for_the_whole_household(
    town: LiveTown, family: list[str]
) -> None:
    """Also if the first one's row isn't taken for another reason."""
    first, second, *_ = family
    elsewhere = claim("T1", household="hp-9", day=DAY, again="", inputs={"points": 1})
    assert [each["status"] for each in await declare_one(town, elsewhere, by="sun")] == ["declared"]
    table: list[list[Any]] = [["姓名", "哪天", "分值"], [first, DAY, ""], [second, DAY, 5]]
    async with browsing(town, "wang") as wang:
        text = await bring(wang, workbook({"名单": table}), rule="T1")
    assert "报不了的 2 行" in text
    assert "孙网格申报" in text


async def test_a_withdrawn_row_is_told(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await paste(wang, "张伟")
        await wang.send(DECLARE)
        [(id,)] = await rows(town, "select id from claim where rule = 'A01'")
        async with town.staff("wang") as http:
            (await http.post(f"/v1/claims/{id}/withdraw")).raise_for_status()
        assert "这一行以前报过，后来" in await paste(wang, "张伟")


async def test_a_template_offers_its_choices_and_its_example_is_not_declared(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        await wang.open(f"{PAGE}/template.xlsx?rule=A02")
        content = wang.page.content
        assert "里没有要报的" in await bring(wang, content, rule="A02")


def list_sheets() -> list[list[tuple[str, str, str, str]]]:
    """Rows of household, day, note, and why it is another deed."""
    sheets: list[list[tuple[str, str, str, str]]] = []
    row = st.tuples(
        st.sampled_from(["hp-1", "hp-2", "hp-3", "hp-77"]),
        st.sampled_from(["2026-06-01", "2026-06-02", "2026-05-31", "6月"]),
        st.sampled_from(["", "扫村道"]),
        st.sampled_from(["", "", "下午又扫"]),
    )

    @settings(max_examples=many(6, 200), derandomize=True, database=None)
    @given(st.lists(row, min_size=1, max_size=8))
    def collect(found: list[tuple[str, str, str, str]]) -> None:
        sheets.append(found)

    collect()
    return sheets


async def test_whatever_the_sheet_what_was_shown_is_declared_and_only_once(town: LiveTown) -> None:
    heading = ("户号", "哪天", "说明", "另一件事的理由")
    async with browsing(town, "wang") as wang:
        for sheet in list_sheets():
            before = len(await claims(town))
            content = "\n".join(",".join(row) for row in [heading, *sheet]).encode()
            shown = await bring(wang, content, name="名单.csv")
            page = wang.page
            found = re.search(r"能报的 (\d+) 行", shown)
            good = int(found[1]) if found else 0
            for sent in range(2):
                wang.page = page
                told = await wang.send(DECLARE)
                assert (f"已申报 {good} 件" if good and not sent else "没有重复申报") in told, sheet
                assert len(await claims(town)) == before + good, sheet
            assert "没有要报的了" in await bring(wang, content, name="名单.csv"), sheet


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "是空的"),
        (b"\xff\x00\xfe" * 11, "不是 UTF-8"),
        (b"PK\x03\x04" + b"x" * 40, "打不开"),
        ("品名,数量\n肥皂,3\n".encode(), "的表头里没有"),
        ("户号\n\n\n".encode(), "只有表头"),
        ("户号\n".encode() + b"hp-1\n" * 100_001, "太大"),
        ("户号\n".encode() + b"hp-1\n" * 2_001, "超过 2000 行"),
        ("户号,户号\nhp-1,hp-2\n".encode(), "有两列"),
        ("户号,哪天\nhp-1,前天\n".encode(), "“前天”读不懂"),
        ("户号\nhp-1\n".encode(), "没有写哪天"),
        ("户主,哪天,说明\n,2026-06-10,谁\n".encode(), "没有写是哪一户"),
    ],
)
async def test_what_cannot_be_read_is_told_in_a_sentence(town: LiveTown, content: bytes, sentence: str) -> None:
    async with browsing(town, "wang") as wang:
        assert sentence in await bring(wang, content, name="表.csv"), wang.text
    assert await claims(town) == []


async def test_rules_that_need_a_photo_and_people_who_do_not_declare(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        assert "这一项要照片，不能用表格申报" in await wang.open(f"{PAGE}?rule=A13")
        await wang.open(PAGE)
        assert "rule=A12" in wang.page.text
        assert "rule=A13" not in wang.page.text
    async with browsing(town, "qian") as qian:
        await qian.open(PAGE)
        assert qian.page.status_code == 403
