"""The rules as a poster, printed on A4 by a real browser and read back."""

from __future__ import annotations

import re

import pypdfium2
import zxingcpp

from api.awards.rulebooks import sections
from rules import load
from tests.api.awards.rulebooks.books import NEXT, next_book
from tests.api.awards.rulebooks.conftest import adopt
from tests.chromium import chromium, needs_chromium
from tests.conftest import LiveTown

pytestmark = needs_chromium

A4 = (595, 842)  # points
POSTER = f"/rules/hp/poster?version={NEXT}"


async def printed(town: LiveTown) -> pypdfium2.PdfDocument:
    await adopt(town, next_book())
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(town.url + POSTER)
        return pypdfium2.PdfDocument(await page.pdf(prefer_css_page_size=True))


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


async def test_no_row_is_cut_in_two_and_every_page_has_the_heads_of_the_columns(town: LiveTown) -> None:
    pdf = await printed(town)
    pages = [plain(page.get_textpage().get_text_range()) for page in pdf]
    assert [tuple(map(round, page.get_size())) for page in pdf] == [A4] * len(pages)
    assert 3 <= len(pages) <= 7
    book = load(next_book())
    tables: set[str] = set()
    for section in sections.build_sections(book, None, 0):
        for row in section.rows:
            cells = [
                row.rule.title,
                *row.description.conditions,
                *row.amounts,
                *row.limits,
                "、".join(row.rule.evidence),
            ]
            found = {page for page in pages if all(plain(cell) in page for cell in cells)}
            assert found, cells
            tables |= found
        # The heading of a category stands above a row of it.
        first = plain(section.category.title) + plain(section.rows[0].rule.title)
        assert any(first in page for page in pages), first
    assert all("事项分值上限凭据" in page for page in tables)


async def test_its_code_opens_the_page(town: LiveTown) -> None:
    pdf = await printed(town)
    picture = pdf[0].render(scale=150 / 72).to_pil()
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [f"{town.url}/rules/hp"]
