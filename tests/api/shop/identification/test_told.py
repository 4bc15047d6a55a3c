"""Who was served without a card, as office, committee and supervisors read it."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7

from api.wire.card_token import digest
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.api.shop.identification.conftest import BY_PIN, BY_WITNESS, SOAP, Till
from tests.api.shop.offline.till import Till as JournalTill
from tests.api.shop.offline.till import check_books
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

PAGE = "/desk/identifications"


async def test_each_visit_and_each_pair_is_told(till: Till, other: Till) -> None:
    await till.redeem(await till.identified("王建国", **BY_PIN), SOAP)
    vouched = await till.identified("王建国", **BY_WITNESS)
    for quantity in (1, 2):
        (await till.redeem(vouched, ("soap", quantity, 5))).raise_for_status()
    await till.identified("李秀英", **BY_WITNESS)
    await other.identified("李秀英", witness={"pin": till.town.pin})
    for by in ("office", "li", "qian", "tan"):
        async with browsing(till.town, by) as browser:
            assert PAGE in browser.page.text
            told = await browser.open(PAGE)
            # Two identifications, two households; fifteen points in two redemptions.
            assert "陈管理员当班，吴管理员证明 河畔村积美超市 几次 2 几户 2 多少分 15" in told
            assert "陈管理员当班，户凭密码 河畔村积美超市 几次 1 几户 1 多少分 5" in told
            assert "吴管理员当班，陈管理员证明 河畔村积美超市 几次 1 几户 1 多少分 0" in told
            assert "李秀英 hp-2 6月15日 10:00，河畔村积美超市，吴管理员当班 陈管理员证明 没有兑换" in told
            assert "每户一天最多兑换 50 分" in told
            assert "这个月没有" in await browser.open(f"{PAGE}?month=2026-05")
            assert (await browser.http.get(f"{PAGE}?month=2026-13")).status_code == 400
            assert (await browser.http.get(f"{PAGE}?month=2026-05%0A")).status_code == 400


async def test_programs_read_the_same(till: Till) -> None:
    vouched = await till.identified("王建国", **BY_WITNESS)
    (await till.redeem(vouched, SOAP)).raise_for_status()
    async with till.town.staff("qian") as http:
        told = (await http.get("/v1/identifications")).raise_for_status().json()
        assert (told["month"], told["most"]) == ("2026-06", 50)
        pair = {"supermarket": "河畔村积美超市", "attendant": "陈管理员", "witness": "吴管理员"}
        assert told["vouchings"] == [pair | {"times": 1, "households": 1, "points": 5}]
        [visit] = told["visits"]
        assert (
            visit.items() >= {**pair, "household": "hp-1", "head": "王建国", "points": 5, "voided": False}.items()
        )
        earlier = (await http.get("/v1/identifications", params={"month": "2026-05"})).json()
        assert (earlier["visits"], earlier["vouchings"]) == ([], [])
        assert (await http.get("/v1/identifications", params={"month": "2026-13"})).status_code == 400


async def test_other_villages_and_duties_read_nothing(till: Till) -> None:
    await neighbours(till.town)
    await till.identified("王建国", **BY_WITNESS)
    for by in ("far", "far-off"):
        async with browsing(till.town, by) as browser:
            assert "这个月没有" in await browser.open(PAGE)
        async with till.town.staff(by) as http:
            assert (await http.get("/v1/identifications")).json()["visits"] == []
    async with browsing(till.town, "wang") as browser:
        assert PAGE not in browser.page.text
        assert (await browser.http.get(PAGE)).status_code == 403


async def test_a_kiosks_journal_reports_and_voids_it_by_the_card(two: LiveTown) -> None:
    kiosk, id = JournalTill(two, two.kiosk), uuid7()
    await kiosk.sign_in()
    async with kiosk.device() as http:
        till = Till(two, two.kiosk, http)
        household = await till.find("王建国")
        identified = (await till.identify(household, **BY_WITNESS)).json()
        assert identified["card"] == digest(two.card).hex()
        (await till.redeem(identified["token"], SOAP, id=id)).raise_for_status()
        kiosk.write_sale(two.card, UUID(household), ("soap", 1), answered=True, id=id)
        assert await kiosk.settle_statuses() == ["known", "known"]
        kiosk.write_void(id)
        assert await kiosk.settle_statuses() == ["known", "known", "settled"]
        # What was voided doesn't count against the day.
        assert (await till.redeem(identified["token"], ("soap", 10, 5), pin="246813")).status_code == 200
    await check_books(two)
    async with browsing(two, "qian") as browser:
        told = await browser.open(PAGE)
        assert "陈管理员当班 吴管理员证明；已作废 5 分" in told
        assert "几次 1 几户 1 多少分 50" in told
