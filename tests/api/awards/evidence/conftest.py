"""Pictures as phones take them and as nobody should, and how they are brought."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw
from uuid_utils.compat import uuid7

from api.platform.data_folder import evidence_files
from tests.api.awards.claims.conftest import approve, claim, declare, review
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown, serving

# A14 asks for two photos, A13 for one; A04 may have one; A01 has none.
TREES, DEMOLITION, OPTIONAL, WITHOUT = "A13", "A14", "A04", "A01"


def picture(seed: int = 1, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Shapes by chance, so that two look different."""
    random = Random(seed)
    image = Image.new("RGB", size, tuple(random.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = random.randrange(size[0]), random.randrange(size[1])
        right, bottom = random.randrange(left, size[0] + 1), random.randrange(top, size[1] + 1)
        draw.rectangle((left, top, right, bottom), tuple(random.randrange(256) for _ in range(3)))
    return image


def encode(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    output = BytesIO()
    image.save(output, format, **options)
    return output.getvalue()


def photo(seed: int = 1) -> bytes:
    return encode(picture(seed))


@pytest.fixture
async def own_folder(town: LiveTown, tmp_path: Path) -> AsyncIterator[LiveTown]:
    """The town with a data folder of its own, in which files are counted."""
    own = replace(town.town, data=tmp_path)
    async with serving(own) as url:
        yield replace(town, url=url, town=own)


def list_files(town: LiveTown) -> list[str]:
    return [file.name for file in (town.town.data / "evidence").rglob("*") if file.is_file()]


async def bring(town: LiveTown, content: bytes, by: str = "wang", id: str = "") -> httpx.Response:
    async with town.staff(by) as http:
        return await http.put(f"/v1/evidence/{id or uuid7()}", content=content)


async def digest_of_new(town: LiveTown, seed: int = 1, by: str = "wang") -> str:
    answer = await bring(town, photo(seed), by)
    assert answer.status_code == 200, answer.text
    digest = str(answer.json()["digest"])
    content = evidence_files(town.town.data).read(digest)
    assert content is not None
    assert hashlib.sha256(content).hexdigest() == digest
    return digest


def trees(*digests: str, household: str = "hp-3", day: str = "2026-06-01", **more: Any) -> dict[str, Any]:
    return claim(TREES, household, day, inputs={"photo": " ".join(digests)}, **more)


@asynccontextmanager
async def filling_in(town: LiveTown, rule: str = TREES, by: str = "wang") -> AsyncIterator[PhotoForm]:
    async with browsing(town, by) as browser:
        await browser.open(f"/desk/declare?rule={rule}")
        yield PhotoForm(browser)


class PhotoForm:
    """The declaration's form in a browser."""

    def __init__(self, browser: Browser, path: str = "/desk/declare") -> None:
        self.browser, self.path = browser, path

    async def send(self, *files: tuple[str, bytes], input: str = "photo", **fields: str | list[str]) -> str:
        """With what is hidden or ticked in it, and these files, each with its name."""
        page = self.browser.page.text
        found = re.findall(r'<input type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]*)"', page)
        kept: dict[str, Any] = {}
        for name, value in found:
            kept.setdefault(name, []).append(unescape(value))
        data = {"household": "hp-3", "deed_on": "2026-06-14", **kept, **fields}
        parts: Sequence[tuple[str, Any]] = [(f"photo.{input}", file) for file in files] or [
            # As a browser sends a field in which nothing was chosen.
            (f"photo.{input}", ("", b""))
        ]
        self.browser.page = await self.browser.http.post(self.path, data=data, files=parts)
        return self.browser.text


async def put_photo_on_notice(town: LiveTown, household: str, seed: int = 1) -> str:
    """A claim with a photo, signed by all; its id."""
    digest = await digest_of_new(town, seed)
    new = claim(DEMOLITION, household, "2026-06-02", inputs={"before": digest, "after": digest})
    for step in (
        await declare(town, new),
        await review(town, new["id"]),
        await approve(town, new["id"]),
    ):
        assert step[0]["reason"] == "", step
    return str(new["id"])
