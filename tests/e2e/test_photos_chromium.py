"""Photos in a form, in Chromium: small, upright and without place or time of taking before they are sent."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image
from playwright.async_api import Page, expect

from api.awards.evidence.photo_worker import LONG_EDGE
from api.platform.data_folder import evidence_files
from tests.api.asking import rows
from tests.api.awards.declaring.test_card_photo import photograph
from tests.api.awards.evidence.conftest import TREES
from tests.chromium import chromium, needs_chromium
from tests.conftest import LiveTown
from tests.e2e.chromium import phone, sign_in

pytestmark = needs_chromium

PATIENCE = 30_000
"""Milliseconds for twelve megapixels on a machine that has other things to do."""
UPRIGHT = (LONG_EDGE * 3 // 4, LONG_EDGE)
_READ = """async (input) => {
    const bytes = new Uint8Array(await input.files[0].arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


def of_a_phone() -> bytes:
    """4000 × 3000, noisy as photos are, held upright: red above, blue below; with the place where it was taken."""
    noise = Image.effect_noise((4000, 3000), 60)
    lying = Image.merge("RGB", (noise, noise, noise))
    for colour, left in (("red", 0), ("blue", 2000)):
        half = Image.new("RGB", (2000, 3000), colour)
        lying.paste(Image.blend(lying.crop((left, 0, left + 2000, 3000)), half, 0.7), (left, 0))
    exif = Image.Exif()
    # Turned by a quarter to the right: what lies on the left is above.
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.DateTime] = "2026:06:14 08:00:00"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (35.0, 30.0, 0.0), 3: "E", 4: (104.0, 38.0, 0.0)})
    output = BytesIO()
    lying.save(output, "JPEG", quality=88, exif=exif)
    return output.getvalue()


def must_be_as_kept(content: bytes) -> None:
    image = Image.open(BytesIO(content))
    assert image.format == "JPEG"
    assert image.size == UPRIGHT
    assert not image.getexif()
    assert "exif" not in image.info
    middle = UPRIGHT[0] // 2
    (red, _, blue), (red_below, _, blue_below) = (
        image.convert("RGB").resize((1, 1), box=(0, top, UPRIGHT[0], top + middle)).getpixel((0, 0))  # type: ignore[misc]
        for top in (0, LONG_EDGE - middle)
    )
    assert red > blue + 80
    assert blue_below > red_below + 80


async def fill_in(page: Page, content: bytes, name: str = "IMG_0001.jpg") -> None:
    await page.get_by_label("哪一户").fill("hp-3")
    await page.get_by_label("选照片").set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": content})


async def only_photo(town: LiveTown) -> bytes:
    [(digest,)] = await rows(town, "select photo from claim_photo")
    content = evidence_files(town.town.data).read(digest)
    assert content is not None
    return content


def watch(page: Page, path: str) -> tuple[list[Any], list[str]]:
    """The forms that are sent there, and what the browser complains of."""
    sent: list[Any] = []
    faults: list[str] = []
    page.on("request", lambda r: sent.append(r) if r.method == "POST" and r.url.endswith(path) else None)
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    return sent, faults


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_a_photo_is_sent_small_and_kept_upright(town: LiveTown, scripts: bool) -> None:
    photo = of_a_phone()
    assert 3_000_000 < len(photo) < 16_000_000
    async with chromium() as browser, phone(browser, town, scripts=scripts) as page:
        await sign_in(page, "wang")
        await page.goto(f"/desk/declare?rule={TREES}")
        sent, faults = watch(page, "/desk/declare")
        await fill_in(page, photo)
        # At once, while it is still made smaller.
        await page.get_by_role("button", name="提交申报").click()
        await expect(page.get_by_text("已申报")).to_be_visible(timeout=PATIENCE)
        assert len(sent) == 1
        length = int((await sent[0].all_headers())["content-length"])
        assert length < 300_000 if scripts else length > len(photo)
    assert faults == []
    must_be_as_kept(await only_photo(town))


async def test_what_leaves_the_phone_has_no_place_and_no_time(town: LiveTown) -> None:
    """On a household's own page, where nobody is signed in."""
    async with chromium() as browser, phone(browser, town, scripts=True) as page:
        await page.goto(f"/c/{town.card}/declare?rule={TREES}")
        _, faults = watch(page, "/declare")
        field = page.get_by_label("选照片")
        await field.set_input_files(
            [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": of_a_phone()} for n in range(2)]
        )
        await expect(field).to_have_js_property("files.length", 2)
        await page.wait_for_function(
            "input => input.files[1].name === 'photo.jpg'", arg=await field.element_handle()
        )
        content = b64decode(await field.evaluate(_READ))
    assert faults == []
    assert len(content) < 300_000
    must_be_as_kept(content)


async def test_what_is_no_photo_is_sent_as_it_is_and_told(town: LiveTown) -> None:
    async with chromium() as browser, phone(browser, town, scripts=True) as page:
        await sign_in(page, "wang")
        await page.goto(f"/desk/declare?rule={TREES}")
        await fill_in(page, b"GIF89a, not quite", "list.jpg")
        await page.get_by_role("button", name="提交申报").click()
        await expect(page.get_by_role("alert")).to_contain_text("这个文件不是照片", timeout=PATIENCE)


async def test_a_card_is_found_in_a_large_photo(town: LiveTown) -> None:
    photo = photograph(f"HTTPS://JIFEN.EXAMPLE.CN/C/{town.card}")
    async with chromium() as browser, phone(browser, town, scripts=True) as page:
        await sign_in(page, "wang")
        await page.goto("/desk/declare?rule=A09")
        sent, _ = watch(page, "/desk/declare/card")
        await page.get_by_text("拍户卡找户").click()
        await page.get_by_label("拍一张户卡").set_input_files(
            {"name": "card.jpg", "mimeType": "image/jpeg", "buffer": photo}
        )
        await page.get_by_role("button", name="认卡").click()
        await expect(page.get_by_text("认出来了")).to_be_visible(timeout=PATIENCE)
        assert int((await sent[0].all_headers())["content-length"]) < 400_000
