"""A village's notice board as it is printed for the wall: A4, with all that belongs on it."""

from __future__ import annotations

import re

import pypdfium2
import zxingcpp
from uuid_utils.compat import uuid7

from api.bookkeeping.seals.use_cases import seal
from tests.api.awards.objections.conftest import take_off
from tests.chromium import chromium, needs_chromium
from tests.conftest import LiveTown
from tests.e2e.chromium import phone, sign_in

pytestmark = needs_chromium

A4 = (595, 842)  # points


async def many_on_notice(town: LiveTown) -> list[str]:
    claims = [
        {
            "id": str(uuid7()),
            "household": f"hp-{household}",
            "rule": "T1",
            "deed_on": f"2026-06-{day:02}",
            "inputs": {"points": 1},
        }
        for household in range(1, 5)
        for day in range(2, 15)
    ]
    ids = [claim["id"] for claim in claims]
    for by, path, body in (
        ("wang", "/v1/claims", claims),
        ("zhao", "/v1/claims/review", {"claims": ids}),
        ("li", "/v1/claims/approve", {"claims": ids}),
    ):
        async with town.staff(by) as http:
            answer = (await http.post(path, json=body)).raise_for_status().json()
            assert {each["status"] for each in answer} <= {"declared", "reviewed", "approved"}, answer
    return [str(id) for id in ids]


async def test_all_that_belongs_on_the_wall_is_printed(town: LiveTown) -> None:
    ids = await many_on_notice(town)
    while await seal(town.town):
        pass
    await take_off(town, ids[0], "qian", "当天不在村里")
    async with chromium() as browser, phone(browser, town) as page:
        await sign_in(page, "li")
        await page.goto("/notices/hp")
        pdf = pypdfium2.PdfDocument(await page.pdf(prefer_css_page_size=True))
    pages = [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in pdf]
    assert [tuple(map(round, page.get_size())) for page in pdf] == [A4] * len(pages)
    assert len(pages) > 1
    for n, text in enumerate(pages, start=1):
        assert f"第{n}页，共{len(pages)}页" in text
    whole = "".join(pages)
    assert whole.count("+1") >= len(ids) - 1
    assert "异议成立" in whole
    assert "当天不在村里" in whole
    assert "李村委打印，6月15日" in whole
    assert "账本封印" in whole
    [code] = zxingcpp.read_barcodes(pdf[0].render(scale=3).to_pil())
    assert code.text == f"{town.url}/notices/hp"
    # What belongs to the screen alone isn't printed.
    assert "提异议”" in whole
    assert "别的村" not in whole
