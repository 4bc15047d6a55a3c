"""Pages by everybody who opens them: none is left out of the tests that look at every page."""

from __future__ import annotations

import re

import httpx

from api.app import create_app
from tests.api.web.pages import find_different_pages, furnish
from tests.conftest import LiveTown

# What leads to no page: files, and what programs read.
_NO_PAGES = re.compile(
    r"/v1/|/schema|/static/|/assets/|/healthz|/readyz|.*\.txt|.*/proofs/|.*/photos/|.*\.xlsx|/desk/backups/files/"
    # Sheets of cards open in the sign-in alone that issued them.
    r"|.*/card-sheets/.+/"
)


async def test_links_lead_to_every_page(town: LiveTown) -> None:
    await furnish(town)
    pages = await find_different_pages(town)
    found = {page.path for page in pages}
    patterns = {
        route.path
        for route in create_app(town.town, "").routes
        if "GET" in route.methods and not _NO_PAGES.match(route.path)
    }
    missed = {
        pattern
        for pattern in patterns
        if not any(re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", pattern), page.partition("?")[0]) for page in found)
    }
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        style, photos = [
            (await http.get(f"/static/{name}")).num_bytes_downloaded for name in ("style.css", "photos.js")
        ]
    for page in pages:
        scripts = [file for file in page.files if file.startswith("/static/photos.js?")]
        # Over 400 kbit/s each page is there within a second, the first time with its one other file.
        assert page.weight + style + len(scripts) * photos < 50_000, page.path
        assert len(page.files) == 1 + len(scripts) or page.path.startswith("/desk/rulebooks/"), page.path
        assert len(scripts) == page.takes_photos, page.path
    # Printed in capitals, the same pages; and what there is before a township.
    assert missed == {"/C/{token:str}", "/JOIN/{code:str}", "/begin"}


async def test_pages_travel_compressed(town: LiveTown) -> None:
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        sizes = []
        for path in (f"/c/{town.card}", "/static/style.css"):
            plain = await http.get(path, headers={"Accept-Encoding": "identity"})
            packed = await http.get(path, headers={"Accept-Encoding": "gzip"})
            assert packed.text == plain.text
            assert packed.headers["content-encoding"] == "gzip"
            assert "accept-encoding" in packed.headers["vary"].lower()
            assert "content-encoding" not in plain.headers
            sizes.append(int(packed.headers["content-length"]))
        # What a household's phone loads the first time, over a slow line.
        assert sum(sizes) < 12_000
        small = await http.get("/healthz")
        assert "content-encoding" not in small.headers
