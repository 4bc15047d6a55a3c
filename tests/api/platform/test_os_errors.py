"""The system's own words are in English, and stand in no sentence of ours."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

import api
from api.cli.command_line import listen
from api.platform.errors import Refused
from api.platform.os_errors import describe


@pytest.mark.parametrize("number", [*errno.errorcode, 9999])
def test_every_error_is_told_in_chinese(number: int) -> None:
    assert re.fullmatch(r"[\u4e00-\u9fff]+( \d+)?", describe(OSError(number, os.strerror(number))))


def test_a_name_that_leads_nowhere() -> None:
    with pytest.raises(Refused, match="找不到这个地址"):
        listen("nowhere.invalid", 0)


def test_nobody_tells_the_systems_words() -> None:
    files = [file for root in api.__path__ for file in Path(root).rglob("*.py")]
    assert [file.name for file in files if ".strerror}" in file.read_text(encoding="utf-8")] == []
