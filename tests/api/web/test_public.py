"""What everybody may open."""

from __future__ import annotations

from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_the_first_page_leads_on(town: LiveTown) -> None:
    async with browsing(town) as browser:
        await browser.open("/")
        for path in ("/notices", "/desk", "/schema"):
            assert f'href="{path}"' in browser.page.text
            assert (await browser.http.get(path)).status_code == 200


async def test_an_unknown_village_gets_a_sentence(town: LiveTown) -> None:
    async with browsing(town) as browser:
        for village in ("nowhere", "%00", "<script>"):
            assert "没有这个村的公示" in await browser.open(f"/notices/{village}")
            assert browser.page.status_code == 404


async def test_the_stylesheet_may_be_kept_and_is_all_that_is_served(town: LiveTown) -> None:
    async with browsing(town) as browser:
        answer = await browser.http.get("/static/style.css")
        assert answer.headers["content-type"].startswith("text/css")
        assert "immutable" in answer.headers["cache-control"]
        assert (await browser.http.get("/static/base.html")).status_code == 404


async def test_pages_are_no_part_of_the_programs_interface(town: LiveTown) -> None:
    async with browsing(town) as browser:
        paths = (await browser.http.get("/schema/openapi.json")).json()["paths"]
        assert not [path for path in paths if not path.startswith(("/v1/", "/healthz", "/readyz"))]


async def test_a_forged_flash_is_shown_to_nobody(town: LiveTown) -> None:
    async with browsing(town) as browser:
        browser.http.cookies.set("jimei-flash", "bm90IGpzb24")
        await browser.open("/")
        assert browser.page.status_code == 200
