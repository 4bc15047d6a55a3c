"""A fault of the till's own: Textual would show it with all variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.app import KioskApp
from kiosk.client import Client
from kiosk.store.facade import Store


async def test_nothing_of_a_fault_is_on_the_screen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fault = RuntimeError("of its own")

    def fail() -> None:
        raise fault

    with Store(tmp_path / "kiosk") as store:
        async with Client("http://127.0.0.1:1", "the device token") as client:
            app = KioskApp(store, client)
            app.call_later(fail)
            await app.run_async(headless=True)
    assert app.fault is fault
    assert app.return_code == 1
    shown = "".join(capfd.readouterr())
    assert "of its own" not in shown
    assert "the device token" not in shown
