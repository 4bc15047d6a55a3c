"""The desk's page of a simulation, and the command's three output formats."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path

import msgspec
import pytest

from rules import Simulation
from tests.api.awards.simulation.conftest import DOUBLED, draft
from tests.api.web.browser import Browser, browsing
from tests.command_line import Done, jimei, jimei_beside, one_sentence
from tests.conftest import LiveTown

PAGE = "/desk/rulebooks/simulation"


async def upload(browser: Browser, text: str | bytes, **fields: str) -> str:
    await browser.open(PAGE)
    [hidden] = re.findall(r'name="_csrf_token" value="([^"]+)"', browser.page.text)[-1:]
    raw = text if isinstance(text, bytes) else text.encode()
    browser.page = await browser.http.post(
        PAGE, data={"_csrf_token": hidden, **fields}, files={"file": ("草案.toml", raw)}
    )
    return browser.text


async def test_a_file_is_simulated_at_the_desk(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        shown = await upload(office, DOUBLED)
        assert "试算《乡镇文明积分办法》" in shown
        assert "多 203 分（+100.0%）" in shown
        assert "▲ 变多 3 户 一共多 203 分" in shown
        assert "没有通过的申报没有记录" in shown
        assert "王建国" not in shown
        assert "script" not in office.page.text


async def test_an_existing_version_needs_no_file(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        assert "《乡镇文明积分办法》2025.1 版" in await office.open(f"{PAGE}?draft=2025.1")
        assert "和原来一样，都是 203 分" in await office.send(PAGE, village="hp")
        assert "没有这个版本的规则" in await office.open(f"{PAGE}?draft=xx")


@pytest.mark.parametrize(
    ("text", "fields", "message"),
    [
        ("[book", {}, "草案有问题"),
        (draft().encode("gbk"), {}, "不是 UTF-8"),
        (draft(), {"from": "2026-02-01", "to": "2026-01-01"}, "晚于截止日期"),
        (draft(), {"from": "上个月"}, "日期要写成"),
        (draft(), {"village": "xx"}, "没有编号为 xx 的村"),
    ],
)
async def test_errors_are_shown_in_the_form(
    town: LiveTown, text: str | bytes, fields: dict[str, str], message: str
) -> None:
    async with browsing(town, "office") as office:
        assert message in await upload(office, text, **fields)
        assert office.page.status_code in (400, 404)
        assert "开始试算" in office.text


async def test_a_missing_file(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        await office.open(PAGE)
        assert "请选一份草案文件" in await office.send(PAGE)


async def test_the_page_is_for_those_who_decide(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        assert "没有这项操作" in await wang.open(PAGE)
        assert wang.page.status_code == 403


async def simulate(town: LiveTown, file: Path, *more: str) -> Done:
    words = ("rules", "simulate", str(file), "--from", "2026-01-01", "--to", "2026-12-31", *more)
    return await jimei_beside(*words, url=town.clone)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return _file(tmp_path, DOUBLED.encode())


async def test_the_command_prints_text_and_json(town: LiveTown, file: Path) -> None:
    done = await simulate(town, file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "原来记 203 分，按草案记 406 分：多 203 分（+100.0%）。" in done.stdout
    assert re.search(r"河畔村 hp-1 +100 +200 +\+100", done.stdout)
    done = await simulate(town, file, "--format", "json", "--village", "hp")
    assert msgspec.json.decode(done.stdout, type=Simulation).total.difference == 203


async def test_the_command_writes_a_self_contained_page(town: LiveTown, file: Path, tmp_path: Path) -> None:
    output = tmp_path / "试算.html"
    done = await simulate(town, file, "--format", "html", "--output", str(output))
    assert done.stdout == f"已写好试算：{output}\n"
    page = output.read_text(encoding="utf-8")
    drawn = [b64decode(found).decode() for found in re.findall(r"base64,([A-Za-z0-9+/=]+)", page)]
    assert len(drawn) >= 4
    for part in (page, *drawn):
        addresses = set(re.findall(r"\w+://[^\"'\s)]+", part))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert "<script" not in part
    again = tmp_path / "again.html"
    await simulate(town, file, "--format", "html", "--output", str(again))
    assert again.read_text(encoding="utf-8") == page


async def test_errors_of_the_command(town: LiveTown, file: Path, tmp_path: Path) -> None:
    assert "没有编号为 xx 的村" in one_sentence(await simulate(town, file, "--village", "xx"))
    nowhere = str(tmp_path / "no" / "where.txt")
    assert "写不了" in one_sentence(await simulate(town, file, "--output", nowhere))
    assert "读不了" in one_sentence(await simulate(town, tmp_path / "none.toml"))


@pytest.mark.parametrize(("raw", "message"), [(b"[book", "草案.toml:1:"), (draft().encode("gbk"), "不是 UTF-8")])
async def test_an_unreadable_draft(town: LiveTown, tmp_path: Path, raw: bytes, message: str) -> None:
    assert message in one_sentence(await simulate(town, _file(tmp_path, raw)))


def _file(folder: Path, raw: bytes) -> Path:
    path = folder / "草案.toml"
    path.write_bytes(raw)
    return path


def test_the_command_has_help_with_an_example() -> None:
    assert "jimei rules simulate" in jimei("rules", "simulate", "--help").stdout
