"""The guides in docs/guides: what they tell people to type, press and open is there, and does what they say.

In a guide, ```sh blocks are run line by line, and a ```text block is what came of the block before it, … for
anything. Comments before a block say what a person does beside it: `asks` answers questions, `keys` leaves a full
screen once it shows this, `file` is a file they have, `parts` brings two pages of the backup's key to a copied
backup, `Ctrl+C` ends the server, `exits` is the code of a verb that has nothing to do. Text in 「」 stands on a
page or on the till.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from api.app import create_app
from api.platform.services import Services
from tests.clusters import copy
from tests.command_line import JIMEI, environment, jimei
from tests.e2e.terminal import LEAVE, Terminal

REPOSITORY = Path(__file__).parents[2]
GUIDES = REPOSITORY / "docs" / "guides"
BOX = REPOSITORY / "docs" / "box"
NAMES = (
    "office-first-day",
    "grid-week",
    "committee-month",
    "supervisor-month",
    "attendant-day",
    "operator-box",
)
LANGUAGES = ("zh", "en")
UNITS = ("jimei.service", "jimei-till.service", "media-jimei.mount")
# Of Debian's own packages.
OTHER_UNITS = ("caddy.service", "graphical.target")
# Of ten; what a server can't do without (the network, its own user) makes up more than one of it.
EXPOSURE = 18

_STEP = re.compile(
    r"<!-- ?(?P<aside>[^\n]*?)(?:\n(?P<lines>.*?))? ?-->|^```(?P<kind>sh|text)\n(?P<block>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_QUOTED = re.compile(r"「([^」]+)」")
_PAGE = re.compile(r"`(/(?:desk|begin|join|notices|rules|compliance|c)\b[^`]*)`")
_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def read(language: str, name: str) -> str:
    return (GUIDES / language / f"{name}.md").read_text(encoding="utf-8")


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(
        bool(missing) and os.environ.get("CI") != "true", reason=f"{', '.join(missing)} not installed"
    )


@dataclass
class Reader:
    """Somebody who does what a guide says: on a machine of their own, which is the folder `root`."""

    root: Path
    data: Path
    said: str = ""
    answers: list[tuple[str, str]] = field(default_factory=list)
    screen: str = ""
    code: int = 0
    key_parts: str = ""
    servers: list[Terminal] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where the commands are typed."""
        return self.root / "program"

    async def follow(self, guide: str) -> None:
        shutil.copytree(BOX, self.folder / "docs" / "box")
        for place in ("etc/systemd/system", "opt", "usr/local/sbin", "media/jimei/backups", "var/lib"):
            (self.root / place).mkdir(parents=True, exist_ok=True)
        for step in _STEP.finditer(guide):
            if step["kind"] == "sh":
                self.said = ""
                for line in step["block"].splitlines():
                    await self.type(line)
                assert not self.answers, f"nobody asked {self.answers}"
            elif step["kind"] == "text":
                expect(step["block"], self.said)
            else:
                await self.prepare(step["aside"], step["lines"] or "")

    async def prepare(self, aside: str, lines: str) -> None:
        what, _, name = aside.strip().partition(" ")
        match what:
            case "asks":
                self.answers = [tuple(line.split(":", 1)) for line in lines.splitlines()]  # type: ignore[misc]
            case "keys":
                self.screen = lines.strip()
            case "file":
                (self.folder / name).write_text(lines, encoding="utf-8")
            case "parts":
                # As it lies on the stick, whatever the hour is now.
                stick = self.root / name.strip().lstrip("/")
                if not stick.exists():
                    shutil.copyfile(max((self.data / "backups").glob("*.jimei")), stick)
            case "exits":
                self.code = int(name)
            case "Ctrl+C":
                await self.end_servers()
            case _:
                raise AssertionError(f"unknown: {aside}")

    async def end_servers(self) -> None:
        while self.servers:
            server = self.servers.pop()
            server.type("\x03")
            await server.ended()

    async def type(self, line: str) -> None:
        match shlex.split(line):
            case ["export", setting]:
                assert setting.partition("=")[0] == "JIMEI_DATA"
            case ["jimei", "serve", *words]:
                server = await self.open("serve", *words, "--port", "0")
                self.servers.append(server)
                await server.sees("code: ", "serving: ")
                await server.still()
                self.said += server.heard
            case ["jimei", *words] if self.screen or words == ["init"] or "--by" in words:
                await self.talk(*words)
            case ["jimei", *words]:
                await self.run_jimei(*words)
            case ["sudo", *words]:
                await self.as_root(*words)
            case words:
                raise AssertionError(f"who types {words}?")

    async def open(self, *words: str) -> Terminal:
        place = os.getcwd()
        os.chdir(self.folder)
        try:
            return await Terminal.run(*JIMEI, *words, environment=environment(self.data) | {"PYTHONPATH": place})
        finally:
            os.chdir(place)

    async def talk(self, *words: str) -> None:
        terminal = await self.open(*words)
        if self.screen:
            await terminal.sees(self.screen)
            terminal.type(LEAVE)
        signing = [word for word in words if word in ("--by", "--confirmed-by")]
        for _ in range(len(signing) or len(self.answers)):
            question, answer = self.answers.pop(0)
            await terminal.sees(question)
            # What is typed before a password's prompt is thrown away.
            await terminal.still()
            terminal.type(f"{answer.strip()}\n")
        self.screen = ""
        code = await terminal.ended()
        self.said += terminal.heard
        assert code == 0, self.said

    async def run_jimei(self, *words: str, typed: str = "") -> None:
        place = os.getcwd()
        os.chdir(self.folder)
        try:
            done = await asyncio.to_thread(jimei, *words, data=self.data, typed=typed)
        finally:
            os.chdir(place)
        self.said += done.stdout + done.stderr
        assert done.returncode == self.code, (words, done.stdout, done.stderr)
        self.code = 0

    async def as_root(self, program: str, *words: str) -> None:
        """What changes a machine, on the folder that stands for it: by the program itself, as far as it goes."""
        there = [f"{self.root}{word}" if word.startswith("/") else word for word in words]
        flags = [word for word in words if word.startswith("-")]
        match program:
            case "apt-get":
                self.run("apt-get", "-s", *words)
            case "make":
                self.run("make", "-n", "-C", str(REPOSITORY), words[-1])
            case "install" | "cp" | "mv" | "rm":
                if (page := self.data / "parts.html").exists():
                    parts = page.read_text(encoding="utf-8").split("<section>")[1:3]
                    self.key_parts = "".join(
                        " ".join(re.findall(r"<li>(\w+)</li>", part)) + "\n" for part in parts
                    )
                self.run(program, *there)
            case "systemd-sysusers":
                self.run("systemd-sysusers", f"--root={self.root}")
                [account] = re.findall(r"^u (\w+) ", (BOX / self.newest_account()).read_text(), re.MULTILINE)
                assert f"\n{account}:" in "\n" + (self.root / "etc/passwd").read_text()
            case "systemctl":
                units = [word for word in words[1:] if word not in flags]
                for unit in units:
                    ours = (self.root / "etc/systemd/system" / unit).exists()
                    assert ours or unit in OTHER_UNITS, f"{unit} isn't installed"
                    if ours and words[0] == "enable":
                        self.run("systemctl", f"--root={self.root}", "enable", unit)
            case "journalctl":
                self.run("journalctl", f"--directory={self.root}", *words)
            case "jimei":
                assert (self.root / "usr/local/sbin/jimei").read_text() == (BOX / "jimei").read_text()
                typed = self.key_parts if words[0] == "restore" else ""
                await self.run_jimei(*there, typed=typed)
            case _:
                raise AssertionError(f"sudo {program}")

    def newest_account(self) -> str:
        return (
            "jimei-till.sysusers" if (self.root / "etc/sysusers.d/jimei-till.conf").exists() else "jimei.sysusers"
        )

    def run(self, *command: str) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def expect(shown: str, said: str) -> None:
    """Line by line, in this order; others between them don't matter."""
    lines = [".*?".join(map(re.escape, line.split("…"))) for line in shown.splitlines()]
    assert re.search(".*?".join(lines), said, re.DOTALL), f"{shown}\nwas promised, and came:\n{said}"


@asynccontextmanager
async def reading(root: Path, data: Path) -> AsyncIterator[Reader]:
    reader = Reader(root, data)
    try:
        yield reader
    finally:
        for server in reader.servers:
            await server.kill()


@pytest.mark.slow
async def test_the_first_day_goes_as_its_guide_says(data: Path) -> None:
    async with reading(data.parent, data.parent / "jimei") as reader:
        await reader.follow(read("zh", "office-first-day"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["committee-month", "attendant-day"])
async def test_the_days_after_it_go_as_their_guides_say(name: str, initialized: Path) -> None:
    async with reading(initialized.parent, initialized) as reader:
        await reader.follow(read("zh", name))


@pytest.mark.slow
@needs("apt-get", "make", "systemd-sysusers", "systemctl", "journalctl")
async def test_a_box_is_set_up_burns_and_comes_back_as_its_guide_says(model: Path, data: Path) -> None:
    there = data.parent / "var" / "lib" / "jimei"
    there.parent.mkdir(parents=True)
    copy(model, there)
    async with reading(data.parent, there) as reader:
        await reader.follow(read("zh", "operator-box"))


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_say_the_same(name: str) -> None:
    chinese, english = (read(language, name) for language in LANGUAGES)
    assert [step.group() for step in _STEP.finditer(english)] == [step.group() for step in _STEP.finditer(chinese)]
    for pattern in (re.compile(r"^#+ |^!\[", re.MULTILINE), _PAGE, _QUOTED):
        assert sorted(pattern.findall(english)) == sorted(pattern.findall(chinese))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_links_and_pictures_lead_somewhere(language: str, name: str) -> None:
    place = GUIDES / language
    links = _LINK.findall(read(language, name))
    assert [link for link in links if ":" not in link and not (place / link).exists()] == []
    assert f"docs/guides/{language}/{name}.md" in (
        REPOSITORY / {"zh": "README.zh-CN.md", "en": "README.md"}[language]
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_to_be_pressed_stands_on_a_screen(name: str) -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("api", "kiosk")
        for path in sorted((REPOSITORY / folder).rglob("*"))
        if path.suffix in (".html", ".py")
    ]
    screens = "\n".join(sources)
    assert [
        text
        for text in _QUOTED.findall(read("zh", name))
        if not re.search("[^\n]{0,80}?".join(map(re.escape, text.split("…"))), screens)
    ] == []


async def test_pages_that_are_named_are_there(base: Services) -> None:
    patterns = [
        re.sub(r"\{[^}]+\}", "[^/]+", route.path)
        for route in create_app(base, "").routes
        if "GET" in route.methods
    ]
    named = {page for name in NAMES for page in _PAGE.findall(read("zh", name))}
    assert {page for page in named if not any(re.fullmatch(pattern, page) for pattern in patterns)} == set()


@needs("systemd-analyze")
def test_units_are_whole_and_shut_in(tmp_path: Path) -> None:
    for unit in UNITS:
        text = (BOX / unit).read_text(encoding="utf-8")
        # What isn't installed here.
        for program in ("/opt/jimei/.venv/bin/jimei", "/usr/bin/cage"):
            text = text.replace(program, "/usr/bin/env")
        (tmp_path / unit).write_text(text, encoding="utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "--man=no", "verify", *(str(tmp_path / unit) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            f"--threshold={EXPOSURE}",
            str(tmp_path / "jimei.service"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_whoever_types_jimei_reaches_what_the_unit_serves() -> None:
    script, unit = ((BOX / name).read_text(encoding="utf-8") for name in ("jimei", "jimei.service"))
    assert subprocess.run(["sh", "-n", BOX / "jimei"], check=False).returncode == 0
    for setting in re.findall(r"^Environment=(\S+)$", unit, re.MULTILINE):
        assert setting in script
    for words in ("User=jimei", "ExecStart=/opt/jimei/.venv/bin/jimei serve", "WorkingDirectory=/var/lib/jimei"):
        assert words in unit
    for words in ("runuser -u jimei ", "/opt/jimei/.venv/bin/jimei ", "cd /var/lib/jimei\n"):
        assert words in script


@needs("caddy")
def test_caddy_takes_both_ways_of_its_file(tmp_path: Path) -> None:
    named = (BOX / "Caddyfile").read_text(encoding="utf-8")
    [address, rule] = re.findall(r"^#   (.*)$", named, re.MULTILINE)
    by_address = named.replace("jf.example.cn {", f"{address}\n{rule}")
    assert by_address != named
    for number, text in enumerate((named, by_address)):
        (file := tmp_path / f"Caddyfile{number}").write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["caddy", "validate", "--adapter", "caddyfile", "--config", file],
            env=os.environ | {"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_the_guide_of_serving_has_the_same_caddyfile() -> None:
    serving = (REPOSITORY / "docs" / "serving.md").read_text(encoding="utf-8")
    uncommented = [line for line in (BOX / "Caddyfile").read_text().splitlines() if not line.startswith("#")]
    assert "\n".join(uncommented) in serving
