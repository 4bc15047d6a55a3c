"""`/desk/backups` in a browser: what counts, what is fetched, and how the key comes onto paper."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import msgspec

from api.bookkeeping.backup.making import mark_proven
from api.desk.proposals.pages import PROPOSALS
from api.platform.backup.archive import measure
from api.platform.backup.catalogue import Backup, Drill, lock_backups, read_catalogue, write_catalogue
from api.platform.backup.keys import read_key_record, read_secret
from tests.api.asking import problem, sign_in
from tests.api.bookkeeping.backup.conftest import Workshop, ring_of
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown, serving

PAGE = "/desk/backups"


@asynccontextmanager
async def backed_up(town: LiveTown, workshop: Workshop) -> AsyncIterator[tuple[LiveTown, Backup]]:
    """The township served from a data folder with a backup that counts as proven."""
    made = await workshop.back_up(town.clone)
    with lock_backups(workshop.data):
        backup = mark_proven(workshop.data, made.backup, workshop.clock.now())
    services = replace(town.town, data=workshop.data)
    async with serving(services) as url:
        yield replace(town, url=url, town=services), backup


async def test_what_counts_is_told_to_the_township_alone_and_carried_away_by_the_office(
    town: LiveTown, workshop: Workshop
) -> None:
    async with browsing(town, "office") as office:
        assert "还没有备份" in await office.open(PAGE)
    async with backed_up(town, workshop) as (live, backup):
        async with browsing(live, "office") as office:
            await office.open("/desk")
            assert PAGE in office.page.text
            page = await office.open(PAGE)
            assert "6月15日 10:00" in page
            assert backup.tree_root[:16] in page
            assert "没有第二个文件夹" in page
            await office.open(f"{PAGE}/files/{backup.name}")
            fetched = office.page
            assert "attachment" in fetched.headers["content-disposition"]
            (workshop.folder / "fetched").write_bytes(fetched.content)
            assert measure(workshop.folder / "fetched").sha256 == backup.sha256
            for name in ("key.json", "backup.key", "..%2Fseal.key", "none.jimei"):
                await office.open(f"{PAGE}/files/{name}")
                assert office.page.status_code == 404
        async with browsing(live, "tan") as tan:
            page = await tan.open(PAGE)
            assert ("6月15日 10:00" in page, ">下载<" in tan.page.text, "提议印出" in page) == (True, False, False)
            await tan.open(f"{PAGE}/files/{backup.name}")
            assert tan.page.status_code == 403
        for login in ("qian", "li", "wang"):
            async with browsing(live, login) as other:
                await other.open("/desk")
                assert PAGE not in other.page.text
                await other.open(PAGE)
                assert other.page.status_code == 403
        async with live.staff("tan") as http:
            told = (await http.get("/v1/backups")).raise_for_status().json()
            assert told["newest_proven"]["sha256"] == backup.sha256
            assert (told["key"]["on_server"], told["drill_due"]) == (True, False)
        async with live.staff("qian") as http:
            problem(await http.get("/v1/backups"), 403, "not-allowed")


async def show_parts(browser: Browser) -> list[list[str]]:
    """The words on the page that is printed."""
    await browser.open(PAGE)
    await browser.send(f"{PAGE}/key/parts")
    sections = browser.page.text.split('<section class="key-part">')[1:]
    return [re.findall(r"<li>(\w+)</li>", section) for section in sections]


async def test_the_key_is_printed_by_two_and_then_forgotten(town: LiveTown, workshop: Workshop) -> None:
    async with backed_up(town, workshop) as (live, _):
        identity = read_secret(workshop.data)
        async with browsing(live, "office") as office:
            assert "钥匙还在这台服务器上" in await office.open(PAGE)
            assert "已提议" in await office.send(f"{PAGE}/key")
        async with browsing(live, "tan") as tan:
            page = await tan.open(PROPOSALS)
            assert "印出备份钥匙" in page
            [proposal] = set(re.findall(r"/desk/proposals/([0-9a-f-]{36})", tan.page.text))
            await tan.send(f"/desk/proposals/{proposal}/confirm")
        async with browsing(live, "fu") as office, browsing(live, "office") as too_late:
            await too_late.open(PAGE)
            assert "两个人已同意" in await office.open(PAGE)
            spoilt, printed = [await show_parts(office) for _ in range(2)]
            assert [len(words) for words in printed] == [33, 33, 33]
            for wrong in (spoilt, [["x"]] * 3):
                words = {f"word{n}": part[-1] for n, part in enumerate(wrong, start=1)}
                await office.open(PAGE)
                assert "对不上" in await office.send(f"{PAGE}/key/printed", **words)
            assert read_secret(workshop.data) is not None
            words = {f"word{n}": part[-1][:4].upper() for n, part in enumerate(printed, start=1)}
            await office.open(PAGE)
            assert "服务器已忘掉钥匙" in await office.send(f"{PAGE}/key/printed", **words)
            page = await office.open(PAGE)
            assert ("傅会计" in page, "该演练了" in page) == (True, True)
            assert "已经印过" in await too_late.send(f"{PAGE}/key/parts")
            assert read_secret(workshop.data) is None
            ring = ring_of(" ".join(printed[2]), " ".join(printed[0]))
            assert str(ring.identity) == str(identity)
            record = read_key_record(workshop.data)
            assert record is not None
            assert record.printed_by == ("乡镇办公室", "谭监委", "傅会计")

            with lock_backups(workshop.data):
                drill = Drill(workshop.clock.now(), workshop.clock.now(), record.fingerprint, 3.0)
                catalogue = msgspec.structs.replace(read_catalogue(workshop.data), drills=(drill,))
                write_catalogue(workshop.data, catalogue)
            assert "该演练了" not in await office.open(PAGE)
        live.clock.travel(live.clock.now() + timedelta(days=365))
        await sign_in(live, "fu")
        async with live.staff("fu") as http:
            assert (await http.get("/v1/backups")).raise_for_status().json()["drill_due"]
