"""`/desk/funds`: money for goods is entered by one person and confirmed by another."""

from __future__ import annotations

import re

from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_money_is_entered_by_one_and_confirmed_by_another(town: LiveTown) -> None:
    async with browsing(town, "office") as office, browsing(town, "tan") as tan:
        assert "现在还有 0.00 元" in await office.open("/desk/funds")
        [path] = re.findall(r'action="(/desk/funds/[^"]+)"', office.page.text)
        form = office.page
        assert "确认以前没有入账" in await office.send(path, yuan="1,000.5", source="appropriation")
        # Sent twice it is the same.
        office.page = form
        await office.send(path, yuan="1,000.5", source="appropriation")
        await tan.open("/desk/proposals")
        [confirm] = re.findall(r'action="(/desk/proposals/[^/]+/confirm)"', tan.page.text)
        await tan.send(confirm)
        assert "现在还有 1,000.50 元" in await tan.open("/desk/funds")
        assert "提议登记" not in tan.text
        office.page = form
        assert "这一笔已经在账里" in await office.send(path, yuan="1,000.5", source="appropriation")


async def test_what_is_no_money_is_told(town: LiveTown) -> None:
    async with browsing(town, "office") as office, browsing(town, "li") as li:
        for wrong, told in (
            ({"yuan": "很多", "source": "appropriation"}, "请填好多少元"),
            ({"yuan": "0", "source": "appropriation"}, "请填好多少元"),
            ({"yuan": "5", "source": "theft"}, "请填好多少元"),
            ({"yuan": "5", "source": "donation"}, "捐款请填写捐赠人"),
            ({"yuan": "5", "source": "appropriation", "donor": "刘老师"}, "财政拨款没有捐赠人"),
        ):
            await office.open("/desk/funds")
            [path] = re.findall(r'action="(/desk/funds/[^"]+)"', office.page.text)
            assert told in await office.send(path, **wrong)
        await li.open("/desk/funds")
        assert li.page.status_code == 403
