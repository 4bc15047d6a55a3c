"""What can't be a password or a PIN, since others would try it first."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.platform.errors import Refused
from api.registry.people.passwords import ENOUGH, count_left, require_strong_pin
from tests.api.asking import problem
from tests.conftest import LiveTown

COMMON = """
    12345678 a1234567 woaini1314 qwe123456 1qaz2wsx P@ssw0rd! Zhang@123 wang19900101 13800138000 19850615
    jimei2026 abababab aaaaaaaa1 qwertyuiop asdf1234 Gansu2026! office123 iloveyou520 Aa123456 admin@2026
    qq123456 87654321 zxcvbnm1 !@#$%^&* 王建国1980 ＡＡ１２３４５６ PASSWORD1
"""
RARE = ["correct horse", "kq7#mQ2x", "shuixiang lanhua", "青山绿水红梅", "xk2 po9vu"]


@pytest.mark.parametrize("password", COMMON.split())
def test_what_everybody_has(password: str) -> None:
    assert count_left(password, "wang", "王建国") < ENOUGH


@pytest.mark.parametrize("password", RARE)
def test_what_few_have(password: str) -> None:
    assert count_left(password, "wang", "王建国") >= ENOUGH


@given(st.from_regex(r"[a-z0-9][a-z0-9.-]{0,39}", fullmatch=True), st.integers(0, 10**12))
@example("0", 10203)
@example("1-2", 31425)
def test_a_login_and_a_number_make_no_password(login: str, number: int) -> None:
    assert count_left(login + str(number), login) <= 2


@given(st.text(max_size=200), st.text(max_size=40))
def test_every_text_is_judged(password: str, login: str) -> None:
    assert count_left(password, login) <= count_left(password, "")


async def test_a_person_is_not_registered_with_one(town: LiveTown) -> None:
    person = {"login": "wu", "name": "吴村委", "roles": ["committee"], "village": "hp"}
    async with town.staff("office") as http:
        for weak in ("12345678", "wu123456", "woaini520"):
            answer = await http.post("/v1/people", json=[person | {"password": weak}])
            problem(answer, 400, "password-weak")
            assert weak not in answer.text
        (await http.post("/v1/people", json=[person | {"password": "shuixiang lanhua"}])).raise_for_status()


@pytest.mark.parametrize("pin", ["0000", "11111111", "1234", "4321", "7890", "0987"])
def test_what_is_no_pin(pin: str) -> None:
    with pytest.raises(Refused, match="太好猜"):
        require_strong_pin(pin)


@pytest.mark.parametrize("pin", ["2468", "1357", "8642", "1231"])
def test_what_is_one(pin: str) -> None:
    require_strong_pin(pin)


async def test_no_attendant_gets_a_pin_that_is_guessed_first(town: LiveTown) -> None:
    async with town.staff("office") as http:
        body = {"supermarket": "hp", "name": "周管理员", "pin": "1111"}
        problem(await http.post("/v1/attendants", json=body), 400, "pin-malformed")
