"""Who serves, by name and then by PIN: at the start, after a restart, and back at a till that locked itself."""

from __future__ import annotations

from typing import Any

from kiosk.demo_hints import DemoHints
from kiosk.screens.sign_in import SignInScreen
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill, Till

SOAP = "6901234567892"


async def add_attendant(town: Any, name: str = "周管理员", pin: str = "2469") -> None:
    async with town.staff("office") as http:
        body = {"supermarket": "hp", "name": name, "pin": pin}
        (await http.post("/v1/attendants", json=body)).raise_for_status()


async def idle(till: Till) -> None:
    """Nobody touches it for longer than the policy says."""
    till.app._last_input_at -= 10 * 60
    await till.until(lambda: till.screen == "SignInScreen")


async def test_the_name_comes_before_the_pin(town: Any, open_till: OpenTill) -> None:
    await add_attendant(town)
    async with open_till(signed_in=False) as till:
        await till.sees("2   陈管理员")
        await till.press("2", *"2469", "f2")
        await till.sees_refusal("PIN 不对")
        await till.press("escape")
        await till.sees("谁来值班")
        await till.press("down", "f2", *"2468", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        assert till.app.session.attendant == "陈管理员"


async def test_a_name_is_chosen_by_touch(town: Any, open_till: OpenTill) -> None:
    await add_attendant(town)
    async with open_till(signed_in=False) as till:
        await till.sees("2   陈管理员")
        await till.pilot.click("Menu", offset=(5, 0))
        await till.sees("周管理员，请输入值班 PIN")


async def test_a_shift_goes_on_after_a_restart_by_its_pin_alone(open_till: OpenTill) -> None:
    async with open_till() as till:
        shift = till.store.shifts.required.id
    async with open_till(signed_in=False) as till:
        await till.sees("陈管理员的班还开着")
        await till.press(*"1111", "f2")
        await till.sees_refusal("PIN 不对")
        await till.press(*"2468", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        assert till.store.shifts.required.id == shift


async def test_an_idle_till_locks_and_loses_nothing(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.scan(SOAP)
        await till.until(lambda: till.app.session.cart)
        await till.press("f9")
        await idle(till)
        await till.scan(SOAP)
        await till.sees_refusal("请先登录")
        await till.press(*"2468", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        [line] = till.app.session.cart
        assert line.quantity == 1
        assert till.app.session.card is not None


async def test_somebody_else_begins_a_shift_of_their_own(town: Any, open_till: OpenTill) -> None:
    await add_attendant(town)
    async with open_till(signed_in=False) as till:
        await till.sees("2   陈管理员")
        await till.press("2", *"2468", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        first = till.store.shifts.required.id
        await idle(till)
        await till.press("escape", "1", *"2469", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        assert till.app.session.attendant == "周管理员"
        assert till.store.shifts.required.id != first


async def test_without_the_network_wrong_pins_count_for_the_name_alone(
    town: Any, network: Network, open_till: OpenTill
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.close_shift()
        await add_attendant(town)
        await till.app.counter.sync.catch_up()
        await till.sees("1   周管理员")
        await till.press("1", *"2469", "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.close_shift()
        await network.cut()
        await till.wait_until_offline()
        for _ in range(5):
            await till.press("2", *"1357", "f2")
            await till.sees_refusal("PIN 不对")
            await till.press("escape")
        await till.press("2", *"2468", "f2")
        await till.sees_refusal("五分钟后再试")
        await till.press("escape", "1", *"2469", "f2")
        await till.until(lambda: till.screen == "ServeScreen")


async def test_the_demo_says_on_its_own_screens_what_to_type(town: Any, open_till: OpenTill) -> None:
    card = f"HTTP://127.0.0.1:8000/C/{town.card}"
    async with open_till(signed_in=False) as till:
        till.app.session.demo = DemoHints(pin=town.pin, card=card, lines=["村务桌 committee desk: http://x/desk"])
        await till.app.replace_screen(SignInScreen(till.app.counter))
        await till.sees(f"演示：PIN 是 {town.pin}")
        await till.press("f1")
        await till.sees("http://x/desk")
        await till.press("escape")
        await till.sign_in()
        await till.sees(card)
        await till.press("f9", "2")
        await till.until(lambda: till.app.session.card)


async def test_the_servers_first_answer_takes_no_sentence_away(open_till: OpenTill, network: Network) -> None:
    await network.cut()
    async with open_till(network.url, signed_in=False, timing=IMPATIENT) as till:
        await till.wait_until_offline()
        await till.press("f2")
        await till.sees_refusal("PIN 是 4 到 8 位数字")
        await network.restore()
        await till.sees("陈管理员，请输入值班 PIN")
        await till.sees_refusal("PIN 是 4 到 8 位数字")
