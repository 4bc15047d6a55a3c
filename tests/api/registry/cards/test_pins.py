"""A card's PIN: chosen by the household, asked for above its threshold, and no way around its bound of tries."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from api.registry.tries.use_cases import hasher
from tests.api.asking import a_redemption, order, problem, rows, sign_in, standing
from tests.api.awards.claims.conftest import hire
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.api.web.browser import Browser, browsing
from tests.conftest import PASSWORD, LiveTown

PIN = "246813"


async def choose(browser: Browser, card: str, pin: str = PIN, above: str = "20", **more: str) -> str:
    await browser.open(f"/c/{card}")
    return await browser.send(f"/c/{card}/pin", **{"pin": pin, "again": pin, "above": above, **more})


@pytest.fixture
async def guarded(town: LiveTown) -> LiveTown:
    """`card` asks for its PIN above twenty points."""
    async with browsing(town) as browser:
        assert "密码已设好：一次兑换超过 20 分要密码" in await choose(browser, town.card)
    return town


async def redeem(
    town: LiveTown, *lines: tuple[str, int, int], pin: str | None = None, path: str = "", card: str = ""
) -> httpx.Response:
    headers = {} if pin is None else {"X-Card-Pin": pin}
    async with town.device(await town.shift()) as http:
        body = order(card or town.card, *lines)
        return await http.put(path or a_redemption(), json=body, headers=headers)


RICE, LAUNDRY, SOAP = ("rice", 1, 50), ("laundry", 1, 20), ("soap", 1, 5)


async def test_up_to_the_threshold_nothing_is_asked(guarded: LiveTown) -> None:
    assert (await redeem(guarded, LAUNDRY)).status_code == 200
    extra = problem(await redeem(guarded, LAUNDRY, SOAP), 403, "pin-needed")
    assert extra == {"above": 20}
    assert (await redeem(guarded, LAUNDRY, SOAP, pin=PIN)).status_code == 200
    assert await rows(guarded, "select key from tries where tried_at <> '{}'") == []


async def test_the_kiosk_is_told_the_threshold(guarded: LiveTown) -> None:
    async with guarded.device() as http:
        assert (await http.get(f"/v1/cards/{guarded.card}")).json()["pin_above"] == 20
        assert (await http.get(f"/v1/cards/{guarded.poor_card}")).json()["pin_above"] is None
        leased = (await http.post("/v1/till/leases")).json()["households"]
    assert {one["name"]: one["pin_above"] for one in leased} == {
        "王**": 20,
        "李**": None,
        "张*": None,
        "刘*": None,
    }


async def test_an_accepted_redemption_is_told_again_without_the_pin(guarded: LiveTown) -> None:
    path = a_redemption()
    first = await redeem(guarded, RICE, path=path, pin=PIN)
    assert first.status_code == 200
    for pin in (None, "0000", PIN):
        again = await redeem(guarded, RICE, path=path, pin=pin)
        assert (again.status_code, again.content) == (200, first.content)
    assert await rows(guarded, "select key from tries where tried_at <> '{}'") == []


async def test_wrong_ones_count_though_nothing_is_redeemed(guarded: LiveTown) -> None:
    before = await standing(guarded)
    for left in (4, 3, 2, 1, 0):
        assert problem(await redeem(guarded, RICE, pin="0000"), 403, "wrong-card-pin") == {"left": left}
    for pin in ("0000", PIN):
        problem(await redeem(guarded, RICE, pin=pin), 423, "card-pin-locked")
    assert await standing(guarded) == before
    # What needs no PIN goes on meanwhile.
    assert (await redeem(guarded, SOAP)).status_code == 200
    guarded.clock.travel(guarded.clock.now() + timedelta(minutes=14, seconds=59))
    problem(await redeem(guarded, RICE, pin=PIN), 423, "card-pin-locked")
    guarded.clock.travel(guarded.clock.now() + timedelta(seconds=1))
    assert (await redeem(guarded, RICE, pin=PIN)).status_code == 200


async def test_the_right_one_forgets_the_wrong_ones(guarded: LiveTown) -> None:
    for _ in range(2):
        for _ in range(4):
            problem(await redeem(guarded, LAUNDRY, SOAP, pin="0000"), 403, "wrong-card-pin")
        assert (await redeem(guarded, LAUNDRY, SOAP, pin=PIN)).status_code == 200


async def test_many_tries_at_once_are_no_way_around_the_bound(guarded: LiveTown) -> None:
    async with guarded.device(await guarded.shift()) as http:
        answers = await asyncio.gather(
            *(
                http.put(a_redemption(), json=order(guarded.card, RICE), headers={"X-Card-Pin": f"{n:04}"})
                for n in range(9)
            )
        )
    assert Counter(answer.json()["type"] for answer in answers) == {"wrong-card-pin": 5, "card-pin-locked": 4}


class _Held(Argon2Hasher):
    """Computes no stranger's hash until it is let go."""

    begun, let_go = threading.Event(), threading.Event()

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        if password == "guessed":
            self.begun.set()
            assert self.let_go.wait(60)
        return super().verify(password, hash)


async def test_behind_a_flood_of_strangers_nobody_else_waits(
    guarded: LiveTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redemptions, with a PIN too, pages and a browser of the office go on before any guess is judged."""
    async with browsing(guarded, "office") as office, httpx.AsyncClient(base_url=guarded.url, timeout=60) as http:

        async def guess(number: int) -> int:
            origin = {"X-Forwarded-For": f"203.0.113.{number}"}
            body = {"login": f"login{number}", "password": "guessed"}
            return (await http.post("/v1/sign-in", json=body, headers=origin)).status_code

        await office.send("/desk/sign-out")
        monkeypatch.setattr(hasher, "hashers", (_Held(time_cost=1, memory_cost=8, parallelism=1),))
        flood = [asyncio.create_task(guess(number)) for number in range(40)]
        try:
            assert await asyncio.to_thread(_Held.begun.wait, 60)
            async with asyncio.timeout(60):
                assert (await redeem(guarded, RICE, pin=PIN)).status_code == 200
                assert (await http.get("/readyz")).text == "ok"
                assert (await http.get(f"/c/{guarded.card}")).status_code == 200
                await office.send("/desk/sign-in", login="office", password=PASSWORD)
                assert office.page.url.path == "/desk"
            assert not any(each.done() for each in flood)
        finally:
            _Held.let_go.set()
            assert set(await asyncio.gather(*flood)) == {401}


async def test_a_refusal_for_another_reason_asks_for_no_pin_and_takes_no_try(guarded: LiveTown) -> None:
    problem(await redeem(guarded, ("rice", 1, 40), pin="0000"), 409, "price-changed")
    problem(await redeem(guarded, ("rice", 3, 50), pin=PIN), 409, "insufficient-points")
    assert await rows(guarded, "select key from tries where tried_at <> '{}'") == []


async def test_with_the_pin_too_two_at_once_are_one(guarded: LiveTown) -> None:
    path, body = a_redemption(), order(guarded.card, RICE)
    async with guarded.device(await guarded.shift()) as http:
        put = [http.put(path, json=body, headers={"X-Card-Pin": PIN}) for _ in range(5)]
        answers = await asyncio.gather(*put)
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    [report, _, card, _] = await standing(guarded)
    assert (card["balance"], report["in_balance"]) == (50, True)


async def test_a_new_card_begins_without_one(guarded: LiveTown) -> None:
    async with guarded.staff("li") as http:
        [card] = (await http.post("/v1/cards", json={"households": ["hp-1"]})).json()
    assert (await redeem(guarded, RICE, card=card["token"])).status_code == 200


# --- the household's own page ---------------------------------------------------------------------------


async def test_the_page_offers_one_then_says_what_is_set(town: LiveTown) -> None:
    async with browsing(town) as browser:
        page = await browser.open(f"/c/{town.card}")
        assert "兑换密码 设了密码，一次兑换的分多了要户主输密码" in page
        assert "不要密码" not in page
        page = await choose(browser, town.card, above="50")
        assert "已设：一次兑换超过 50 分要密码。" in page
        assert PIN not in browser.page.text
        # Whatever is typed goes into no address.
        assert str(browser.page.url).endswith(f"/c/{town.card}")


@pytest.mark.parametrize(
    ("filled", "sentence"),
    [
        ({"pin": "123", "again": "123"}, "密码要 4 到 8 位数字。"),
        ({"pin": "123456789", "again": "123456789"}, "密码要 4 到 8 位数字。"),
        ({"pin": "12a4", "again": "12a4"}, "密码要 4 到 8 位数字。"),
        ({"pin": "１２３４", "again": "１２３４"}, "密码要 4 到 8 位数字。"),
        ({"pin": "1234", "again": "1234"}, "同一个数字或连着的数字太好猜，请换一个密码。"),
        ({"again": "1357"}, "两次输入的密码不一样"),
        ({"above": "15"}, "请选超过多少分要密码。"),
        ({"above": ""}, "请选超过多少分要密码。"),
        ({"above": "9" * 5000}, "请选超过多少分要密码。"),
    ],
)
async def test_what_is_no_pin(town: LiveTown, filled: dict[str, str], sentence: str) -> None:
    async with browsing(town) as browser:
        await browser.open(f"/c/{town.card}")
        wanted = {"pin": PIN, "again": PIN, "above": "20"} | filled
        assert sentence in await browser.send(f"/c/{town.card}/pin", **wanted)
    assert (await redeem(town, RICE)).status_code == 200


async def test_changing_and_removing_need_the_old_one_and_count_the_wrong_ones(guarded: LiveTown) -> None:
    card = guarded.card
    async with browsing(guarded) as browser:
        assert "积分卡密码不对，还可以试 4 次。" in await choose(browser, card, "9909", old="0000")
        assert "积分卡密码不对，还可以试 3 次。" in await browser.send(f"/c/{card}/pin/remove", old="")
        assert "密码已设好：一次兑换超过 100 分" in await choose(browser, card, "9909", "100", old=PIN)
        assert (await redeem(guarded, ("soap", 1, 5), LAUNDRY)).status_code == 200
        for _ in range(5):
            await browser.send(f"/c/{card}/pin/remove", old=PIN)
        assert "已锁定 15 分钟" in browser.text
        assert "请 15 分钟后再试" in await browser.send(f"/c/{card}/pin/remove", old="9909")
        guarded.clock.travel(guarded.clock.now() + timedelta(minutes=15))
        assert "密码已取消，兑换不再要密码。" in await browser.send(f"/c/{card}/pin/remove", old="9909")
        assert "设密码" in browser.text


async def test_a_form_from_elsewhere_or_for_a_dead_card_does_nothing(town: LiveTown) -> None:
    async with browsing(town) as browser:
        forged: dict[str, Any] = {"pin": PIN, "again": PIN, "above": "20"}
        answer = await browser.http.post(f"/c/{town.card}/pin", data=forged)
        assert answer.status_code == 403
        await browser.open(f"/c/{town.card}")
        token = browser.page.text.split('name="_csrf_token" value="')[1].split('"')[0]
        dead = await browser.http.post(
            f"/c/{town.revoked_card}/pin", data=forged | {"_csrf_token": token}, follow_redirects=True
        )
        assert (dead.status_code, "已挂失" in dead.text) == (410, True)
    assert await rows(town, "select count(*) from card where pin_hash is not null") == [(0,)]


# --- forgotten ------------------------------------------------------------------------------------------


async def test_a_forgotten_one_is_taken_away_by_a_persons_word(guarded: LiveTown) -> None:
    for _ in range(5):
        problem(await redeem(guarded, RICE, pin="0000"), 403, "wrong-card-pin")
    async with browsing(guarded, "li") as browser:
        assert "积分卡密码" in browser.text
        await browser.open("/desk/card-pins")
        assert "没有取消过密码" in browser.text
        assert "请填户号" in await browser.send("/desk/card-pins", household="hp-1", reason="")
        assert "没有编号为 hp-9 的户" in await browser.send("/desk/card-pins", household="hp-9", reason="忘了")
        assert "这户的卡没有设密码" in await browser.send("/desk/card-pins", household="hp-2", reason="忘了")
        page = await browser.send("/desk/card-pins", household="hp-1", reason="王建国本人，看过身份证")
        assert "hp-1 户的积分卡密码已取消" in page
        assert "王建国 hp-1 李村委取消，6月15日 10:00 王建国本人，看过身份证" in page
    assert (await redeem(guarded, RICE)).status_code == 200
    async with browsing(guarded) as browser:
        page = await browser.open(f"/c/{guarded.card}")
        assert "6月15日 10:00 有人到村委会说忘了密码，密码已取消。" in page
        assert "李村委" not in page
        guarded.clock.travel(guarded.clock.now() + timedelta(days=31))
        assert "忘了密码，密码已取消" not in await browser.open(f"/c/{guarded.card}")
    async with browsing(guarded, "qian") as browser:
        page = await browser.open("/desk/card-pins")
        assert "没有取消过密码" in page
        assert "户号" not in page


async def test_who_may_take_one_away(guarded: LiveTown) -> None:
    await neighbours(guarded)
    await hire(guarded, "own", "committee", village="hp", household="hp-1")
    path, body = "/v1/households/hp-1/card/pin-reset", {"reason": "忘了"}
    for login, status, word in (
        ("wang", 403, "not-allowed"),
        ("qian", 403, "not-allowed"),
        ("far", 404, "unknown"),
        ("own", 403, "not-allowed"),
    ):
        async with guarded.staff(login) as http:
            problem(await http.post(path, json=body), status, word)
    async with guarded.staff("office") as http:
        problem(await http.post(path, json={"reason": " "}), 400, "malformed")
        assert (await http.post(path, json=body)).status_code == 204
        problem(await http.post(path, json=body), 400, "no-pin")
    await sign_in(guarded, "far")
    async with browsing(guarded, "far") as browser:
        assert "王建国" not in await browser.open("/desk/card-pins")
