"""Days offline, on the screen and in the books: nothing is lost, nothing counts twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from kiosk.store.redemptions import hash_card
from tests.conftest import Machine
from tests.databases import owner_engine
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill, Till, change

SOAP, RICE = "6901234567892", "6900000000014"


async def serve(till: Till, card: str, *goods: str) -> None:
    await till.show_card(card)
    for number, barcode in enumerate(goods, start=1):
        await till.scan(barcode)
        await till.until(lambda number=number: sum(line.quantity for line in till.app.session.cart) == number)
    await till.press("f2")
    await till.until(lambda: till.screen == "ReceiptScreen")
    await till.press("escape")
    await till.until(lambda: till.screen == "ServeScreen")


async def requested_points(town: Any, query: str) -> Any:
    async with owner_engine(town.clone).begin() as connection:
        return (await connection.execute(text(query))).first()


async def stock(town: Any) -> dict[str, int]:
    async with town.device() as http:
        shelf = (await http.get("/v1/till")).raise_for_status().json()["shelf"]
    return {item["product"]: item["stock"] for item in shelf}


async def test_a_day_offline_agrees_with_the_books(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    await town.award("hp-3", 60)
    before = await stock(town)
    async with open_till(network.url, timing=IMPATIENT) as till:
        await serve(till, town.card, SOAP)
        await till.wait_until_uploaded()
        await network.cut()
        await till.wait_until_offline()
        await serve(till, town.card, SOAP, RICE)
        await serve(till, town.empty_card, RICE)
        await till.show_card(town.poor_card)
        await till.scan(SOAP)
        await till.sees_refusal("还差 2 分")
        await till.press("escape")
        await till.sees("待传 2 笔")
        await till.press("f10", "f2")
        await till.sees("其中断网兑换")
        await till.sees("2 笔")
        await till.press("escape")
        await till.until(lambda: till.screen == "SignInScreen")
        # The same attendant again, offline.
        await till.sign_in()
        await till.press("ctrl+q")
        await till.sees_refusal("还有 4 笔没上传")
        await till.press("ctrl+q")
        await till.until(lambda: not till.app.is_running)
    async with open_till(network.url, timing=IMPATIENT) as till:
        assert till.screen == "ServeScreen"
        await till.wait_until_offline()
        await serve(till, town.card, SOAP)
        await till.press("f8")
        await till.until(lambda: till.screen == "VoidScreen")
        await till.press("1", "1", "f2")
        await till.sees("在联网以后退回")
        await serve(till, town.empty_card, SOAP)
        report = till.store.shifts.build_report(till.store.shifts.required.id)
        await network.restore()
        await till.wait_until_uploaded()
        await till.sees("在线")
        assert await balance(town.card) == 100 - 5 - 55
        assert await balance(town.empty_card) == 60 - 50 - 5
        assert await balance(town.poor_card) == 3
        assert (report.redemptions, report.points, report.voids, report.offline) == (1, 5, 1, 1)
        await till.press("f10", "f2")
        await till.sees("全部上传，与账一致")
        after = await stock(town)
        assert (before["soap"] - after["soap"], before["rice"] - after["rice"]) == (3, 2)
    counts = await requested_points(
        town,
        "select count(*) filter (where status in ('exception', 'late', 'fork')), count(*)"
        " from kiosk_journal_entry",
    )
    assert tuple(counts) == (0, 10)


async def test_a_pending_redemption_is_finished_first_after_a_restart(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    class PowerCut(BaseException):
        pass

    broken = True

    def cut(point: str) -> None:
        if broken and point == "after confirm":
            raise PowerCut

    async with open_till(network.url, timing=IMPATIENT, fault_hook=cut) as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await till.until(lambda: till.app.session.cart)
        try:
            till.app.counter.confirm()
        except PowerCut:
            broken = False
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("肥皂 x1")
        await till.wait_until_uploaded()
        assert await balance(town.card) == 95


async def test_an_expired_lease_sells_nothing_and_the_server_corrects_the_clock(
    town: Any, network: Network, open_till: OpenTill
) -> None:
    now = town.clock.now()
    async with open_till(network.url, timing=IMPATIENT, time_source=lambda: now) as till:
        await network.cut()
        await till.wait_until_offline()
        # Set forward by hand.
        now += timedelta(days=8)
        await till.scan(town.card)
        await till.sees_refusal("断网兑换已到期")
        await till.sees("断网 断网兑换已到期")
        # Set back: the kiosk's time doesn't run backwards.
        now -= timedelta(days=30)
        await till.press("escape")
        await till.scan(town.poor_card)
        await till.sees_refusal("断网兑换已到期")
        await network.restore()
        await till.until(lambda: till.app.session.connection.online)
        await network.cut()
        await till.wait_until_offline()
        await till.show_card(town.card)
        assert till.app.session.balance == 100


async def test_a_card_with_a_pin_is_not_served_above_its_threshold_offline(
    town: Any, network: Network, open_till: OpenTill
) -> None:
    await change(town, "update card set pin_hash = 'x', pin_above = 10 where revoked_at is null")
    async with open_till(network.url, timing=IMPATIENT) as till:
        await network.cut()
        await till.wait_until_offline()
        await till.show_card(town.card)
        await till.scan(RICE)
        await till.until(lambda: till.app.session.cart)
        await till.press("f2")
        await till.sees_refusal("超过 10 分要输密码")
        await till.press("escape")
        await serve(till, town.card, SOAP)


async def test_wrong_pins_offline_lock(town: Any, network: Network, open_till: OpenTill) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.close_shift()
        await network.cut()
        await till.wait_until_offline()
        for _ in range(5):
            await till.press(*"1357", "f2")
            await till.until(lambda: "PIN 不对" in till.status_text)
            await till.press("escape")
        await till.press(*"2468", "f2")
        await till.sees_refusal("五分钟后再试")


async def test_a_shift_opened_offline_serves_online_once_it_is_uploaded(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.close_shift()
        await till.wait_until_uploaded()
        await network.cut()
        await till.wait_until_offline()
        await till.sign_in()
        await network.restore()
        await till.until(lambda: till.app.session.connection.online)
        await serve(till, town.card, SOAP)
        [kept] = till.store.redemptions.list_voidable()
        assert not kept.offline
        assert await balance(town.card) == 95


async def test_a_void_online_gives_points_and_goods_back_at_once(
    town: Any, open_till: OpenTill, balance: Any
) -> None:
    before = await stock(town)
    async with open_till() as till:
        await till.press("f8")
        await till.sees_refusal("没有可以作废的兑换")
        await serve(till, town.card, SOAP)
        await serve(till, town.card, RICE)
        await till.scan("JIMEI:VOID")
        await till.until(lambda: till.screen == "VoidScreen")
        await till.sees("大米 x1")
        await till.press("2", "f2")
        await till.sees_refusal("请先选原因")
        await till.press("2", "f2")
        await till.sees("已作废，请收回物品；5 分已退回")
        assert await balance(town.card) == 50
        assert (await stock(town))["soap"] == before["soap"]
        await till.press("f8")
        await till.until(lambda: till.screen == "VoidScreen")
        await till.sees("已作废")
        await till.press("escape")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.press("f10", "f2")
        await till.sees("全部上传，与账一致")


async def test_points_needed_elsewhere_are_returned(town: Any, open_till: OpenTill, balance: Any) -> None:
    async with open_till() as till:
        await change(town, "update kiosk set lease_most = 30")
        till.app.counter.sync._renew_at = 0.0
        till.app.counter.sync.wake()
        await till.until(lambda: till.store.leases.get_available(household(till, town.card)) == 30)
        await till.wait_until_uploaded()
        assert await balance(town.card) == 100


def household(till: Till, card: str) -> Any:
    lease = till.store.leases.find_by_card(hash_card(card))
    assert lease is not None
    return lease.household


async def test_a_kiosk_whose_enrolment_ended_says_so_and_can_be_enrolled_again(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await network.cut()
        await till.wait_until_offline()
        await serve(till, town.card, SOAP)
        await till.close_shift()
        async with town.staff("office") as http:
            end = {"reason": "说是丢了"}
            (await http.post(f"/v1/kiosks/{town.kiosk.id}/end", json=end)).raise_for_status()
            code = (await http.post(f"/v1/kiosks/{town.kiosk.id}/code")).raise_for_status().json()["code"]
        await network.restore()
        await till.until(lambda: till.app.session.connection.lockout_reason)
        await till.press("f7")
        await till.until(lambda: till.screen == "EnrolScreen")
        await till.scan(f"JIMEI:ENROL:{code}")
        await till.until(lambda: till.screen == "SignInScreen")
        await till.wait_until_uploaded()
        await till.sign_in()
        assert [each.epoch for each in till.store.enrolments.list_all()] == [1, 2]
        # Its earlier sale waits for a person's decision.
        town.kiosk = Machine(token=till.store.enrolments.required.token)
        assert await balance(town.card) == 100
    late = await requested_points(
        town, "select count(*) from kiosk_journal_entry where epoch = 1 and status = 'late'"
    )
    assert tuple(late) == (1,)
