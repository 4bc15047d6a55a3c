"""A household without its card: found by digits alone, identified by PIN or witness, served for five minutes."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from textual import events

from api.registry.cards.tables import Card
from api.registry.tries.use_cases import hasher
from api.wire.card_token import digest
from kiosk.store.redemptions import hash_card
from tests.conftest import enrol
from tests.kiosk.conftest import IMPATIENT, FakePrinter, Network, OpenTill, Till, card_url
from tests.kiosk.test_sign_in import add_attendant

SOAP, RICE = "6901234567892", "6900000000014"
WITNESS_PIN = "2469"
CARD_PIN = "8642"
LIFETIME = timedelta(minutes=5)
CODE = "0123"


@pytest.fixture
async def card(town: Any) -> str:
    """Of a household whose code ends with digits: 100 points, and a PIN above ten."""
    async with town.staff("office") as http:
        household = {"code": f"hp-{CODE}", "village": "hp", "grid": "hp-1", "head": "赵国强", "people": 3}
        (await http.post("/v1/households", json=[household])).raise_for_status()
        [issued] = (await http.post("/v1/cards", json={"households": [household["code"]]})).json()
    await town.award(household["code"], 100)
    async with town.town.unit_of_work() as work:
        ours = (Card.township == work.township, Card.digest == digest(issued["token"]))
        values = {"pin_hash": hasher.hash(CARD_PIN), "pin_above": 10}
        await work.session.execute(update(Card).where(*ours).values(**values))
    return str(issued["token"])


async def find(till: Till, text: str = CODE) -> None:
    """To the choice of ways."""
    await till.press("/")
    await till.until(lambda: till.screen == "HouseholdSearchScreen")
    await till.press(*text, "f2")
    await till.until(lambda: till.screen == "FoundScreen")
    await till.press("1")
    await till.until(lambda: till.screen == "WaysScreen")


async def enter(till: Till, pin: str) -> None:
    await till.press(*pin, "f2")
    await till.until(lambda: till.screen == "ServeScreen")


async def identify(till: Till) -> None:
    """By the card's PIN."""
    await find(till)
    await till.press("1")
    await till.until(lambda: till.screen == "HouseholdPinScreen")
    await enter(till, CARD_PIN)


async def add(till: Till, *goods: str) -> None:
    for number, barcode in enumerate(goods, start=1):
        await till.scan_later(barcode)
        await till.until(lambda number=number: sum(line.quantity for line in till.app.session.cart) == number)


async def redeem(till: Till, *goods: str) -> None:
    await add(till, *goods)
    await till.press("f2")
    await till.until(lambda: till.screen == "ReceiptScreen")


# --- found and identified ---------------------------------------------------------------------------------


async def test_by_digits_alone(
    town: Any, open_till: OpenTill, card: str, numbers: Any, balance: Any, printer: FakePrinter
) -> None:
    async with open_till(printer=printer) as till:
        await till.press("f9")
        await till.until(lambda: till.screen == "MenuScreen")
        [line] = [line for line in till.shows.splitlines() if "没带卡" in line]
        await till.press(line.split()[0])
        await till.until(lambda: till.screen == "HouseholdSearchScreen")
        await till.press(*CODE, "f2")
        await till.sees("赵**  河畔村 第一网格")
        await till.sees("编号末尾 0123")
        assert "赵国强" not in till.shows
        await till.press("1")
        await till.sees("家里人输卡的密码")
        await till.press("1")
        await till.until(lambda: till.screen == "HouseholdPinScreen")
        await till.press(*"1111", "f2")
        await till.sees_refusal("密码不对")
        assert till.screen == "HouseholdPinScreen"
        await enter(till, CARD_PIN)
        await till.sees("没带卡，还有 5 分钟")
        await till.sees("现有 100 分")
        # The PIN was given already.
        await till.press(numbers["大米"], "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("未带卡：凭密码")
        await till.until(lambda: printer.slips)
        assert "未带卡：凭密码" in printer.slips[0]
        await till.press("f5")
        await till.until(lambda: len(printer.slips) == 2)
        assert "补打" in printer.slips[1]
        assert "未带卡：凭密码" in printer.slips[1]
        assert await balance(card) == 50
        await till.press("escape")
        await till.show_card(town.card)
        assert "没带卡" not in till.shows
        # It is found again by its card, and voided like any other.
        await till.press("escape", "f8")
        await till.until(lambda: till.screen == "VoidScreen")
        await till.scan(card_url(card))
        await till.sees("这张户卡的")
        await till.press("1", "1", "f2")
        await till.sees("50 分已退回")
        assert await balance(card) == 100


@pytest.mark.parametrize("text", ["zgq", "zhaoguoqiang"])
async def test_by_pinyin(town: Any, open_till: OpenTill, card: str, text: str) -> None:
    async with open_till() as till:
        await find(till, text)
        await till.sees("赵**  河畔村 第一网格  编号末尾 0123")


async def test_on_the_smallest_screen(town: Any, open_till: OpenTill, card: str) -> None:
    await add_attendant(town)
    async with open_till(size=(40, 16), signed_in=False) as till:

        async def legible(*words: str) -> None:
            def told() -> bool:
                shown = "".join(till.shows.split())
                return all("".join(word.split()) in shown for word in (*words, till.status_text))

            await till.until(told)
            assert {sign for sign in till.shows if unicodedata.east_asian_width(sign) == "A"} == set()

        await till.sees("2   陈管理员")
        await till.press("2", *town.pin, "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.press("/")
        await till.until(lambda: till.screen == "HouseholdSearchScreen")
        await till.press(*CODE)
        await legible("> 0123", "姓名的拼音", "F2 查找")
        await till.press("f2")
        await till.until(lambda: till.screen == "FoundScreen")
        await legible("1 赵**", "编号末尾 0123")
        await till.press("1")
        await till.until(lambda: till.screen == "WaysScreen")
        await legible("赵**", "编号末尾 0123", "1 家里人输卡的密码", "2 请另一位管理员证明", "3 卡丢了：挂失")
        await till.press("3")
        await till.until(lambda: till.screen == "FreezeScreen")
        await legible("谁也不能再用这张卡", "F2 挂失")
        await till.press("escape")
        await till.until(lambda: till.screen == "WaysScreen")
        await till.press("2")
        await till.until(lambda: till.screen == "WitnessPinScreen")
        await legible("周管理员，您认识这户人？", "编号末尾 0123")
        await enter(till, WITNESS_PIN)
        await till.sees("没带卡，还有 5 分钟")
        await redeem(till, SOAP)
        await legible("未带卡：周管理员证明", "肥皂 x1")


async def test_by_a_name_that_is_pasted_or_typed(town: Any, open_till: OpenTill, card: str) -> None:
    async with open_till() as till:
        await find(till, "赵国强")
        await till.press("escape", "escape")
        await till.until(lambda: till.screen == "HouseholdSearchScreen")
        till.app.post_message(events.Paste("  王建国\n"))
        await till.sees("王**  河畔村 第一网格")


async def test_a_witness_vouches(
    town: Any, open_till: OpenTill, card: str, balance: Any, printer: FakePrinter
) -> None:
    await add_attendant(town)
    async with open_till(signed_in=False, printer=printer) as till:
        await till.sees("2   陈管理员")
        await till.press("2", *town.pin, "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        await find(till)
        await till.press("2")
        await till.sees("周管理员，您认识这户人？")
        await till.press(*town.pin, "f2")
        await till.sees_refusal("PIN 不对")
        await enter(till, WITNESS_PIN)
        await till.sees("没带卡，还有 5 分钟")
        # Above the card's threshold the PIN is asked for all the same.
        await add(till, RICE)
        await till.press("f2")
        await till.until(lambda: till.screen == "CardPinScreen")
        await till.press(*CARD_PIN, "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("未带卡：周管理员证明")
        await till.until(lambda: printer.slips)
        assert "未带卡：周管理员证明" in printer.slips[0]
        assert await balance(card) == 50


async def test_several_who_could_vouch_are_chosen_by_name(town: Any, open_till: OpenTill, card: str) -> None:
    await add_attendant(town)
    await add_attendant(town, "吴管理员", "9753")
    async with open_till(signed_in=False) as till:
        await till.sees("3   陈管理员")
        await till.press("3", *town.pin, "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        await find(till)
        await till.press("2")
        await till.sees("谁来证明？")
        # Not whoever serves.
        assert till.shows.count("陈管理员") == 1
        await till.press("2")
        await till.until(lambda: till.screen == "WitnessPinScreen")
        assert "周管理员，您认识" in till.shows


async def test_escape_goes_back_one_screen_at_a_time(town: Any, open_till: OpenTill, card: str) -> None:
    async with open_till() as till:
        await find(till)
        await till.press("2")
        await till.sees_refusal("本店没有另一位管理员")
        for way, screen in (("1", "HouseholdPinScreen"), ("3", "FreezeScreen")):
            await till.press(way)
            await till.until(lambda screen=screen: till.screen == screen)
            await till.press("escape")
            await till.until(lambda: till.screen == "WaysScreen")
        for screen in ("FoundScreen", "HouseholdSearchScreen", "ServeScreen"):
            await till.press("escape")
            await till.until(lambda screen=screen: till.screen == screen)
        assert till.app.session.card is None


async def test_a_card_that_turns_up_is_served(town: Any, open_till: OpenTill, card: str, balance: Any) -> None:
    async with open_till() as till:
        await find(till)
        await till.show_card(card)
        assert till.screen == "ServeScreen"
        await till.press("escape", "/")
        await till.until(lambda: till.screen == "HouseholdSearchScreen")
        await till.show_card(town.card)
        assert till.screen == "ServeScreen"
        await till.press("escape")
        # In the middle of it, too: the goods are the same household's.
        await identify(till)
        await add(till, SOAP)
        await till.scan_later(card_url(town.card))
        await till.sees_refusal("还没确认")
        await till.show_card(card)
        assert till.app.session.without_card is None
        assert till.app.session.total == 5
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert "未带卡" not in till.shows


# --- what is refused --------------------------------------------------------------------------------------


async def test_too_little_nobody_and_goods(town: Any, open_till: OpenTill, card: str) -> None:
    async with open_till() as till:
        await till.press("/")
        await till.until(lambda: till.screen == "HouseholdSearchScreen")
        await till.press("f2")
        await till.sees_refusal("请先输入")
        await till.press("1", "f2")
        await till.sees_refusal("请至少输入两个字")
        await till.press("backspace", *"999", "f2")
        await till.sees_refusal("没有找到「999」")
        await till.scan(SOAP)
        await till.sees_refusal("这不是户卡")
        assert till.app.session.cart == []


async def test_ways_that_lead_nowhere_say_why(town: Any, open_till: OpenTill, card: str) -> None:
    async with open_till() as till:
        await find(till, "wjg")
        await till.press("1")
        await till.sees_refusal("没有设密码")
        await till.press("escape", "escape", "escape")
        async with town.staff("li") as http:
            await http.post(f"/v1/households/hp-{CODE}/card/freeze", json={"reason": "丢了"})
        await find(till)
        for way in "123":
            await till.press(way)
            await till.sees_refusal("已经挂失了")


async def test_a_witness_s_word_is_worth_so_much_a_day(town: Any, open_till: OpenTill, balance: Any) -> None:
    await add_attendant(town)
    async with open_till(signed_in=False) as till:
        await till.sees("2   陈管理员")
        await till.press("2", *town.pin, "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        await find(till, "wjg")
        await till.press("2")
        await till.until(lambda: till.screen == "WitnessPinScreen")
        await enter(till, WITNESS_PIN)
        await add(till, RICE, SOAP)
        await till.press("f2")
        await till.sees_refusal("每户一天最多兑换 50 分")
        assert till.app.session.total == 55
        await till.press("backspace", "f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(town.card) == 50


async def test_goods_of_another_household_stay_its_own(town: Any, open_till: OpenTill, card: str) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await add(till, SOAP)
        await find(till)
        await till.press("1")
        await till.until(lambda: till.screen == "HouseholdPinScreen")
        await till.press(*CARD_PIN, "f2")
        await till.sees_refusal("王**的商品还没确认")
        assert till.app.session.card.token == town.card


async def test_it_wants_the_network(town: Any, network: Network, open_till: OpenTill, card: str) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await find(till)
        await till.press("1")
        await till.until(lambda: till.screen == "HouseholdPinScreen")
        await network.cut()
        await till.press(*CARD_PIN, "f2")
        await till.sees_refusal("没有答复")
        await till.press("escape", "escape", "escape", "escape")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.press("/")
        await till.sees_refusal("断网时没有卡不能兑换，必须扫卡")
        assert till.screen == "ServeScreen"


# --- five minutes -----------------------------------------------------------------------------------------


async def test_when_the_minutes_are_over_the_cart_stays(
    town: Any, open_till: OpenTill, card: str, balance: Any
) -> None:
    async with open_till() as till:
        await identify(till)
        await add(till, SOAP)
        town.clock.travel(town.clock.now() + LIFETIME / 2)
        till.app.screen.query_one("Household").refresh()
        await till.sees("没带卡，还有 3 分钟")
        town.clock.travel(town.clock.now() + LIFETIME)
        till.app.screen.query_one("Household").refresh()
        await till.sees("没带卡，时间已过")
        await till.press("f2")
        await till.sees_refusal("没带卡的时间已过：请按 / 再认一次")
        assert till.app.session.total == 5
        # The household is known: it needn't be looked for.
        await till.press("/")
        await till.until(lambda: till.screen == "WaysScreen")
        await till.press("1")
        await till.until(lambda: till.screen == "HouseholdPinScreen")
        await enter(till, CARD_PIN)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(card) == 95


async def test_the_servers_clock_decides(town: Any, open_till: OpenTill, card: str, balance: Any) -> None:
    now = town.clock.now()
    async with open_till(time_source=lambda: now) as till:
        await identify(till)
        await add(till, SOAP)
        town.clock.travel(now + LIFETIME)
        await till.press("f2")
        await till.sees_refusal("过了五分钟")
        assert till.app.session.total == 5
        assert till.app.session.pending is None
        assert await balance(card) == 100


# --- the line breaks --------------------------------------------------------------------------------------


async def test_a_lost_answer_is_asked_for_until_it_comes(
    town: Any, network: Network, open_till: OpenTill, card: str, balance: Any
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await identify(till)
        await add(till, SOAP)
        network.lose_answers = 3
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("未带卡：凭密码")
        assert network.redemptions_seen == 4
        assert await balance(card) == 95


async def test_it_goes_on_after_a_restart_and_after_the_minutes(
    town: Any, network: Network, open_till: OpenTill, card: str, balance: Any
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await identify(till)
        await add(till, SOAP)
        network.lose_everything = True
        await till.press("f2")
        await till.sees("扫取消卡放弃这一笔")
        assert till.store.redemptions.pending is not None
    network.lose_everything = False
    town.clock.travel(town.clock.now() + 2 * LIFETIME)
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("未带卡：凭密码")
        await till.wait_until_uploaded()
        assert await balance(card) == 95


async def test_no_lease_serves_a_household_without_its_card(
    town: Any, network: Network, open_till: OpenTill, card: str, balance: Any
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await identify(till)
        await add(till, SOAP)
        await network.cut()
        await till.press("f2")
        await till.sees_refusal("没带卡要等网络恢复")
        assert till.app.session.pending is None
        assert till.app.session.total == 5
        await network.restore()
        await till.until(lambda: till.app.session.connection.online)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        assert await balance(card) == 95


async def test_it_counts_at_this_till_alone(town: Any, open_till: OpenTill, card: str, tmp_path: Path) -> None:
    async with town.staff("office") as http:
        other = await enrol(http, "hp", "东台")
    async with open_till() as till, open_till(folder=tmp_path / "other", machine=other) as another:
        await identify(till)
        await another.scan(till.app.session.card.token)
        await another.until(lambda: another.is_refusing)
        assert another.app.session.card is None


async def test_nothing_of_it_is_on_the_disk(town: Any, open_till: OpenTill, card: str, tmp_path: Path) -> None:
    async with open_till() as till:
        await identify(till)
        token = till.app.session.card.token
        await redeem(till, SOAP)
        await till.wait_until_uploaded()
    written = b"".join(path.read_bytes() for path in (tmp_path / "kiosk").iterdir() if path.is_file())
    for secret in (token, f"hp-{CODE}", "第一网格"):
        assert secret.encode() not in written


# --- a lost card ------------------------------------------------------------------------------------------


async def test_a_frozen_card_is_refused_at_once_and_offline(
    town: Any, network: Network, open_till: OpenTill, card: str
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        lease = till.store.leases.find_by_card(hash_card(card))
        assert lease is not None
        await till.show_card(card)
        await find(till)
        await till.press("3")
        await till.sees("要挂失这户的卡吗？")
        # Its own sync may come later.
        await till.press("f2")
        await till.sees("这张卡已挂失，谁也不能再用它。请到村委会补新卡")
        assert till.screen == "ServeScreen"
        assert till.app.session.card is None
        await till.scan_later(card_url(card))
        await till.sees_refusal("这张卡已挂失")
        await network.cut()
        await till.wait_until_offline()
        await till.press("escape")
        await till.scan_later(card_url(card))
        await till.until(lambda: till.is_refusing)
        assert till.app.session.card is None
    async with town.staff("li") as http:
        history = (await http.get(f"/v1/households/hp-{CODE}/cards")).text
    assert "住户在超市说卡丢了" in history
    assert "陈管理员" in history


async def test_leases_renewed_just_before_a_freeze_sell_nothing_after_it(
    town: Any, network: Network, open_till: OpenTill, card: str
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        sync = till.app.counter.sync
        hooks = sync._client._http.event_hooks["request"]

        async def renew_first(request: httpx.Request) -> None:
            if request.url.path == "/v1/till/frozen-cards":
                hooks.clear()
                await sync._renew_leases()

        hooks.append(renew_first)
        await find(till)
        await till.press("3")
        await till.until(lambda: till.screen == "FreezeScreen")
        await till.app.counter.identifications.freeze(till.app.screen._household)
        async with sync._lock:
            # The next renewal comes too late.
            await network.cut()
            sync.mark_offline(TimeoutError())
            await till.scan(card_url(card))
            await till.sees_refusal("这张卡已挂失")
            assert till.app.session.card is None


async def test_an_answer_lost_while_freezing_sells_nothing_here(
    town: Any, network: Network, open_till: OpenTill, card: str
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        await find(till)
        await till.press("3")
        await till.until(lambda: till.screen == "FreezeScreen")
        network.lose_everything = True
        await till.press("f2")
        await till.sees_refusal("没有答复")
        await till.scan(card_url(card))
        await till.sees_refusal("这张卡已挂失")
        assert till.app.session.card is None
