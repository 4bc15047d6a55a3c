"""A household is found by a photo of its card, and nothing of the photo stays."""

from __future__ import annotations

import re
from io import BytesIO

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_Q

from tests.api.asking import rows
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown


def photograph(text: str, turned: float = 12) -> bytes:
    """A card on a table, as a phone of twelve megapixels sees it: the code is a seventh of its width."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=4)
    code.add_data(text)
    card = Image.new("RGB", (1720, 1080), "white")
    card.paste(code.make_image().get_image().convert("RGB").resize((580, 580)), (80, 250))
    table = Image.new("RGB", (4000, 3000), (120, 90, 60))
    table.paste(card.rotate(turned, expand=True, fillcolor=(120, 90, 60)), (900, 700))
    output = BytesIO()
    table.save(output, "JPEG", quality=80)
    return output.getvalue()


async def send_photo(browser: Browser, photo: bytes, path: str = "/desk/declare?rule=A09") -> str:
    await browser.open(path)
    form = browser.page.text.partition('action="/desk/declare/card"')[2].partition("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    browser.page = await browser.http.post("/desk/declare/card", data=hidden, files={"card": ("卡.jpg", photo)})
    return browser.text


async def test_a_photographed_card_names_its_household(town: LiveTown) -> None:
    photo = photograph(f"HTTPS://JIFEN.EXAMPLE.CN/C/{town.card}")
    async with browsing(town, "wang") as wang:
        assert "认出来了：王建国" in await send_photo(wang, photo)
        assert 'name="household" value="hp-1"' in wang.page.text
        assert town.card not in wang.page.text
        assert "已申报" in await wang.send("/desk/declare", household="hp-1", deed_on="2026-06-14")
        # And so the next one.
        poor = photograph(f"HTTPS://JIFEN.EXAMPLE.CN/C/{town.poor_card}", turned=95)
        assert "认出来了：李秀英" in await send_photo(wang, poor, str(wang.page.url.raw_path.decode()))
        assert "已申报" in await wang.send("/desk/declare", household="hp-2")
    assert await rows(town, "select digest from photo") == []


async def test_a_photo_without_a_good_card_says_what_to_do(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        assert "没有认出户卡的码" in await send_photo(wang, photograph("https://example.cn/别的码"))
        assert "不是照片" in await send_photo(wang, b"%PDF-1.7")
        assert "已挂失作废" in await send_photo(wang, photograph(f"HTTPS://X.CN/C/{town.revoked_card}"))
        assert "参加村庄清扫" in wang.text, "still at the form"


async def test_a_cards_number_is_as_good_as_a_name_and_kept_nowhere(town: LiveTown) -> None:
    """As a scanner types it."""
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/declare?rule=A09")
        said = await wang.send("/desk/declare", household=f"HTTPS://X.CN/C/{town.card}", deed_on="2026-06-14")
        assert "已申报：王**家" in said
        await wang.open("/desk/declare?rule=A09")
        said = await wang.send("/desk/declare", household=town.revoked_card, deed_on="2026-06-14")
        assert "已挂失作废" in said
    kept = await rows(town, "select form::text from claim_draft")
    assert len(kept) == 1
    assert town.revoked_card not in kept[0][0]
