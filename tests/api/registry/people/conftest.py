"""Turning on somebody's second step, and what their authenticator shows."""

from __future__ import annotations

import re
from datetime import timedelta

from pyotp import TOTP

from tests.api.asking import rows
from tests.api.web.browser import Browser
from tests.conftest import LiveTown


def code(town: LiveTown, secret: str, later: int = 0) -> str:
    """What an authenticator shows whose clock is so many seconds ahead."""
    return TOTP(secret).at(town.clock.now() + timedelta(seconds=later))


async def turn_on(town: LiveTown, browser: Browser) -> tuple[str, list[str]]:
    """The secret and the codes on paper of whoever is signed in."""
    await browser.open("/desk/account")
    assert "扫这个码" in await browser.send("/desk/account/second-step")
    [(secret,)] = await rows(town, "select secret from second_step where confirmed_at is null")
    assert "验证码不对" in await browser.send("/desk/account/second-step/confirm", code="000000")
    said = await browser.send("/desk/account/second-step/confirm", code=code(town, secret))
    assert "只显示这一次" in said
    return secret, re.findall(r"\b[0-9A-Z]{5} [0-9A-Z]{5}\b", said)
