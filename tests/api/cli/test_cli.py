"""The command line as its users meet it: its words and exit codes."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.errors import Refused
from api.registry.cards.printing import print_new_cards
from kiosk.store.facade import Store
from ledger.heads import SealKey, SignedHead, TreeHead
from ledger.merkle import compute_root, find_consistency_path, find_inclusion_path
from ledger.proofs import Consistency, Proof
from tests.command_line import JIMEI, environment, jimei, jimei_beside, jimei_process, one_sentence
from tests.conftest import LiveTown
from tests.databases import EMPTY, Clone, cloned, maintain
from tests.ledger.trees import stored_of

INIT = ("init", "乡", "--login", "office", "--name", "王", "--password", "a long password")
VERBS = (
    "serve",
    "kiosk",
    "demo",
    "migrate",
    "cards",
    "import",
    "register",
    "verify",
    "verify-proof",
    "init",
    "report",
    "export",
    "expire",
    "clean",
)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    done = jimei(verb, "--help")
    assert done.returncode == 0
    assert f"jimei {verb}" in done.stdout


def test_rules_lists_its_verbs() -> None:
    listed = jimei("rules", "--help").stdout
    assert "check" in listed
    assert "score" in listed


@pytest.mark.parametrize("verb", ["check", "score"])
def test_every_verb_for_rulebooks_has_help_with_an_example(verb: str) -> None:
    assert f"例 example: jimei rules {verb} " in jimei("rules", verb, "--help").stdout


def test_the_help_lists_every_verb() -> None:
    listed = jimei("--help").stdout
    assert all(verb in listed for verb in VERBS)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("export",), "还缺 --format，用法见 "),
        (("export", "--format", "csv"), "还缺 --output，"),
        (("export", "--format"), "--format 写得不对"),
        (("cards", "--url", "x", "--output", "y"), "还缺 HOUSEHOLDS，"),
        (("cards", "hp-1", "--output", "y"), "还缺 --url，"),
        (("init",), "还缺 TOWNSHIP，"),
        (("serve", "--port", "99999"), "--port 写得不对"),
        (("serve", "--trusted-proxy", "proxy.example"), "请写 IP 地址或网段"),
        (("serve", "--prot", "1"), "没有 --prot 这个选项"),
        (("rules", "check"), "还缺 FILES，"),
        (("rules", "score", "x.toml"), "还缺 EVENTS，"),
        (("rules", "chek"), "没有 chek 这个命令"),
        (("verify", "more"), "命令写得不对"),
        (("verifi",), "没有 verifi 这个命令"),
        (("--verbose",), "没有 --verbose 这个选项"),
    ],
)
def test_a_command_that_is_misspelt(words: tuple[str, ...], told: str) -> None:
    sentence = one_sentence(jimei(*words))
    assert told in sentence
    assert sentence.endswith(" --help。")


def test_no_verb_at_all_shows_the_help() -> None:
    done = jimei()
    assert done.returncode == 2
    assert all(verb in done.stderr for verb in VERBS)


def test_found_is_another_name_of_init(clone: Clone) -> None:
    assert "found" not in jimei("--help").stdout
    assert jimei("found", "--help").stdout.splitlines()[1:] == jimei("init", "--help").stdout.splitlines()[1:]
    assert "已建立" in jimei("found", *INIT[1:], url=clone).stdout


def test_a_township_is_initialized_once_and_verified(data: Path) -> None:
    """From nothing, each step a process of its own, as on the first day."""
    assert jimei_process("migrate", data=data).returncode == 0
    assert jimei_process(*INIT, data=data).returncode == 0
    assert "已经有一个乡镇" in one_sentence(jimei_process(*INIT, data=data))
    done = jimei_process("verify", data=data)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (data / "pg" / "postmaster.pid").exists()
    assert "户 households: 0" in jimei("report", data=data).stdout


def test_what_has_to_come_first_is_told(data: Path) -> None:
    assert "jimei migrate" in one_sentence(jimei("verify", data=data))


def test_verify_names_the_account_that_was_changed_behind_its_back(clone: Clone) -> None:
    assert jimei(*INIT, url=clone).returncode == 0
    _as_owner(
        clone,
        "insert into ledger.account values (1, gen_random_uuid(), 'household:x', 'points', 0, now())",
        "insert into ledger.balance select 1, id, 0, 7 from ledger.account where name = 'household:x'",
    )
    done = jimei("verify", url=clone)
    assert done.returncode == 1
    assert "household:x" in done.stdout


def test_verify_leaves_the_machine_to_the_tills(initialized: Path) -> None:
    with Embedded(initialized) as server:
        priorities, code = asyncio.run(_priorities_while_verifying(server, initialized))
    assert priorities == [10, 10, 10]
    assert code == 0


async def _priorities_while_verifying(server: Embedded, data: Path) -> tuple[list[int], int]:
    """Of the process and its two connections, while it waits for a table; and how it ended."""
    engine = create_async_engine(server.url(OWNER, "jimei"), isolation_level="AUTOCOMMIT")
    theirs = (
        "from pg_stat_activity where backend_type = 'client backend' and query not like '%lock table%'"
        " and pid <> pg_backend_pid()"
    )
    async with engine.connect() as holding, engine.connect() as looking:
        await holding.execute(text("begin"))
        await holding.execute(text("lock table ledger.transfer"))
        verifying = await asyncio.create_subprocess_exec(
            *JIMEI, "verify", env=environment(data), stdout=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(30):
            while not await looking.scalar(text(f"select bool_or(wait_event_type = 'Lock') {theirs}")):
                await asyncio.sleep(0.05)
        backends = list(await looking.scalars(text(f"select pid {theirs}")))
        priorities = [os.getpriority(os.PRIO_PROCESS, pid) for pid in (verifying.pid, *backends)]
        groups = [Path(f"/proc/{pid}/autogroup") for pid in backends]
        assert all(group.read_text().endswith("nice 10\n") for group in groups if os.access(group, os.W_OK))
        await holding.execute(text("rollback"))
        code = await verifying.wait()
    await engine.dispose()
    return priorities, code


def _as_owner(clone: Clone, *statements: str) -> None:
    async def run() -> None:
        engine = create_async_engine(clone.owner)
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(run())


async def test_a_database_of_another_age_is_left_alone(server: Embedded) -> None:
    # A copy that nobody gets afterwards, whatever it was told about its version.
    async with cloned(server, EMPTY) as clone:
        for revision, told in (("9999", "请先升级本程序"), ("0021", "正式发布前的程序")):
            change = f"update alembic_version set version_num = '{revision}'"
            await asyncio.to_thread(_as_owner, clone, change)
            for words in (("verify",), ("migrate",), ("serve", "--port", "0")):
                assert told in one_sentence(await jimei_beside(*words, url=clone))


async def test_what_was_changed_by_hand_is_found_and_mended(server: Embedded) -> None:
    async with cloned(server, EMPTY) as clone:
        check = ("migrate", "--check")
        change = "alter function ledger.post(integer, jsonb, timestamptz) security invoker"
        await asyncio.to_thread(_as_owner, clone, change)
        told = one_sentence(await jimei_beside(*check, url=clone))
        assert "ledger.post 被人改过，请运行 jimei migrate" in told
        assert (await jimei_beside("migrate", url=clone)).returncode == 0
        assert "数据库与本程序一致" in (await jimei_beside(*check, url=clone)).stdout


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, Path, SealKey]:
    """A proof file and an older poster of the same books."""
    key = SealKey.generate("示范乡")
    records = [f'{{"id": {n}}}' for n in range(5)]
    stored = stored_of([record.encode() for record in records])

    def head(size: int) -> SignedHead:
        return key.sign(
            TreeHead(key.name, size, compute_root(range(size), stored), datetime(2026, 6, size, tzinfo=UTC))
        )

    since = Consistency(
        3, compute_root(range(3), stored), tuple(compute_root(s, stored) for s in find_consistency_path(3, 5))
    )
    path = tuple(compute_root(s, stored) for s in find_inclusion_path(1, 5))
    proof, poster = tmp_path / "证明.json", tmp_path / "公告.txt"
    proof.write_bytes(Proof(records[1], 1, path, head(5), key.verifier, since).encode())
    poster.write_text(head(3).text, encoding="utf-8", newline="\r\n")
    return proof, poster, key


def test_proofs_are_checked_without_a_database(sealed: tuple[Path, Path, SealKey], data: Path) -> None:
    proof, poster, key = sealed
    done = jimei("verify-proof", str(proof), str(poster), data=data, url="nonsense")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[0] for line in done.stdout.splitlines()] == ["✓", "✓", "✓", "？"]
    assert key.verifier.fingerprint in done.stdout
    done = jimei("verify-proof", str(proof), str(poster), "--key", key.verifier.text, data=data)
    assert done.returncode == 0
    assert [line.split("：")[0] for line in done.stdout.splitlines()] == [f"✓ {p}" for p in (proof, proof, poster)]
    assert not data.exists()


def test_a_proof_that_does_not_hold(sealed: tuple[Path, Path, SealKey]) -> None:
    proof, poster, key = sealed
    assert jimei("verify-proof", str(poster)).returncode == 1
    other = SealKey.generate(key.name).verifier.text
    assert jimei("verify-proof", str(proof), "--key", other).returncode == 1
    proof.write_bytes(proof.read_bytes().replace(rb"{\"id\": 1}", rb"{\"id\": 7}"))
    done = jimei("verify-proof", str(proof), str(poster), "--key", key.verifier.text)
    assert done.returncode == 1
    assert [line[0] for line in done.stdout.splitlines()] == ["✗", "✓", "✓"]


def test_files_that_are_no_proofs(sealed: tuple[Path, Path, SealKey], tmp_path: Path) -> None:
    proof, _, key = sealed
    assert "missing" in one_sentence(jimei("verify-proof", str(proof), str(tmp_path / "missing")))
    assert str(tmp_path) in one_sentence(jimei("verify-proof", str(tmp_path)))
    assert "--key" in one_sentence(jimei("verify-proof", str(proof), "--key", key.verifier.text[:-1]))
    proof.write_bytes(b"{}")
    assert str(proof) in one_sentence(jimei("verify-proof", str(proof)))


def test_any_postgresql_can_be_named(server: Embedded, data: Path) -> None:
    """As on a server of one's own: the owner's login migrates, and the application's does everything else."""
    url = Clone(server.url(OWNER, "elsewhere"), server.url(APP, "elsewhere"))
    try:
        assert "jimei migrate" in one_sentence(jimei("verify", data=data, url=url))
        assert "JIMEI_DATABASE_OWNER_URL" in one_sentence(jimei("migrate", data=data, url=url.app))
        assert jimei("migrate", data=data, url=url).returncode == 0
        assert jimei(*INIT, data=data, url=url).returncode == 0
        assert jimei("verify", data=data, url=url).returncode == 0
    finally:
        asyncio.run(maintain(server, "drop database if exists elsewhere (force)"))
    assert not data.exists()


def test_an_import_without_a_ledger_or_a_township(clone: Clone, tmp_path: Path) -> None:
    """The file is told first: it is in the hands of whoever asks, and needs no database."""
    file = tmp_path / "台账.csv"
    file.write_text("姓名,分数\n王,1\n", encoding="utf-8")
    trial = ("--source", "x", "--dry-run")
    assert "户编号（household）" in one_sentence(jimei("import", str(file), *trial, url=clone))
    assert "missing.csv" in one_sentence(jimei("import", "missing.csv", *trial, url=clone))
    file.write_text("户编号,日期,事由,分数\nhp-01-001,2026-01-01,帮工,1\n", encoding="utf-8")
    assert "jimei init" in one_sentence(jimei("import", str(file), *trial, url=clone))
    jimei(*INIT, url=clone)
    assert "--source" in one_sentence(jimei("import", str(file), "--source", " ", url=clone))
    assert "导入要两个人办" in one_sentence(jimei("import", str(file), "--source", "x", url=clone))


def test_points_are_taken_by_a_named_person_alone(data: Path, clone: Clone) -> None:
    assert "--by" in one_sentence(jimei("expire", data=data))
    assert not data.exists()
    assert jimei("expire", "--boundary", "2026-13-01", data=data).returncode == 2
    assert "没有用户名" in one_sentence(jimei("expire", "--by", "nobody", url=clone))
    assert "还没有积分到期的日子" in one_sentence(jimei("expire", "--dry-run", url=clone))
    done = jimei("expire", "--boundary", "2026-12-01", "--dry-run", url=clone)
    assert "2026年12月1日没有积分到期" in one_sentence(done)


def test_a_port_in_use(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = one_sentence(jimei("serve", "--port", port, data=data))
    assert said == f"127.0.0.1:{port} 不能监听（已被占用）；请用 --port 换一个端口，或检查地址。"
    assert not data.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("serve", "--port", "80000"), "--port 写得不对（应是 0 到 65535 的整数），用法见 jimei serve --help。"),
        (("serve", "--port", "x"), "--port 写得不对（应是 0 到 65535 的整数），用法见 jimei serve --help。"),
        (("kiosk", "--language", "fr"), "--language 写得不对（应是 zh、en 之一），用法见 jimei kiosk --help。"),
    ],
)
def test_a_value_that_is_none_is_told_in_chinese(data: Path, words: tuple[str, ...], said: str) -> None:
    assert one_sentence(jimei(*words, data=data)) == said


def test_a_database_address_that_is_none(data: Path) -> None:
    assert "JIMEI_DATABASE_URL" in one_sentence(jimei("verify", data=data, url="nonsense"))


def test_a_database_that_does_not_answer(data: Path) -> None:
    away = "postgresql://somebody@127.0.0.1:1/jimei"
    assert "连不上数据库" in one_sentence(jimei("verify", data=data, url=away))
    both = Clone(make_url(away), make_url(away))
    assert "连不上数据库" in one_sentence(jimei("migrate", data=data, url=both))


def test_a_data_folder_that_is_a_file(data: Path) -> None:
    data.write_text("")
    one_sentence(jimei("migrate", data=data))
    assert data.read_text() == ""


@pytest.mark.parametrize(
    "address",
    ["nowhere", "ftp://h", "http://", "http://h:99999", "http://h:0", "http://h:x", "http://h/desk", "http://a b",
     "http://u:p@h", "http://h?x", "http://[::1", "http://a..b"],
)  # fmt: skip
def test_a_kiosk_address_that_is_none(address: str, tmp_path: Path) -> None:
    for how in ((), ("--serve", "--serve-port", "0")):
        assert "http://" in one_sentence(jimei("kiosk", "--data", str(tmp_path), "--server", address, *how))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_others_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    (folder / "letter.txt").write_text("hers")
    folder.chmod(0o755)
    for how in ((), ("--serve", "--serve-port", "0")):
        assert "letter" not in (said := one_sentence(jimei("kiosk", "--data", str(folder), *how)))
        assert "--data" in said
    for verb in ("serve", "demo", "migrate"):
        assert "JIMEI_DATA" in one_sentence(jimei(verb, data=folder))
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [each.name for each in folder.iterdir()] == ["letter.txt"]


def test_the_demo_leaves_a_real_till_alone(server: Embedded, tmp_path: Path) -> None:
    with Store(tmp_path / "kiosk"):
        pass
    nothing = Clone(server.url(OWNER, "not_there_yet"), server.url(APP, "not_there_yet"))
    assert "真终端" in one_sentence(jimei("demo", data=tmp_path, url=nothing))
    assert (tmp_path / "kiosk" / "kiosk.sqlite3").exists()


def test_the_kiosk_refuses_in_the_language_chosen() -> None:
    words = ("kiosk", "--server", "nowhere", "--language")
    assert "服务器地址要以" in one_sentence(jimei(*words, "zh"))
    assert "The server's address must begin with" in one_sentence(jimei(*words, "en"))
    assert "--language" in one_sentence(jimei(*words, "fr"))


def test_books_are_exported_whole_or_not_at_all(clone: Clone, tmp_path: Path) -> None:
    url = clone
    file = tmp_path / "books"
    csv = ("export", "--output", str(file), "--format", "csv")
    assert "jimei init" in one_sentence(jimei(*csv, url=url))
    jimei(*INIT, url=url)
    assert "beancount、hledger、csv、xlsx" in one_sentence(jimei(*csv[:-1], "pdf", url=url))
    assert "晚于" in one_sentence(jimei(*csv, "--from", "2026-02-01", "--to", "2026-01-31", url=url))
    assert "2026-01-31 这样的日期" in one_sentence(jimei(*csv, "--from", "tomorrow", url=url))
    assert "写不了" in one_sentence(jimei(*csv, "--output", str(tmp_path / "missing" / "books"), url=url))
    assert list(tmp_path.iterdir()) == []
    done = jimei(*csv, "--from", "2026-01-01", url=url)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(file) in done.stdout
    assert file.read_text(encoding="utf-8-sig").startswith("日期,")


def test_clean_removes_nothing_but_a_demo(initialized: Path) -> None:
    data = initialized
    assert "不是演示数据" in one_sentence(jimei("clean", data=data))
    assert (data / "pg").exists()
    (data / "demo.building").touch()
    with Embedded(data):
        assert "还在运行" in one_sentence(jimei("clean", data=data))
    assert jimei("clean", data=data).returncode == 0
    assert not data.exists()


def test_command_cards_are_printed_without_a_township(data: Path, tmp_path: Path) -> None:
    output = tmp_path / "commands.html"
    words = ("cards", "--commands", "--output", str(output))
    done = jimei(*words, data=data)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(output) in done.stdout
    assert "JIMEI:CONFIRM" in output.read_text(encoding="utf-8")
    assert not data.exists()
    assert "写不了" in one_sentence(jimei(*words[:-1], str(tmp_path / "missing" / "commands.html")))
    assert "不用写户的编号" in one_sentence(jimei(*words, "hp-1"))


@pytest.mark.parametrize("setting", [("--scanner-prefix", "12"), ("--scanner-suffix", "码")])
def test_a_scanner_setting_that_cannot_work(setting: tuple[str, str]) -> None:
    assert "扫码枪" in one_sentence(jimei("kiosk", *setting))


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (("--printer", "lp0"), "network:192.168.1.50:9100"),
        (("--printer-width", "57"), "58 或 80"),
        (("--printer-encoding", "big5"), "gb18030、gbk 或 utf-8"),
        (("--printer-mode", "color"), "text（文字）或 image（图片）"),
        ((), "--printer"),
    ],
)
def test_a_printer_setting_that_cannot_work(setting: tuple[str, ...], told: str) -> None:
    assert told in one_sentence(jimei("kiosk", "--test-print", *setting))


def test_a_printer_is_tried_without_a_server(tmp_path: Path) -> None:
    device = tmp_path / "lp0"
    words = ("kiosk", "--test-print", "--printer", f"file:{device}")
    assert "找不到打印机" in one_sentence(jimei(*words))
    device.touch()
    done = jimei(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"已发送到 file:{device}" in done.stdout
    assert "打印测试，不是收据".encode("gb18030") in device.read_bytes()


def test_a_kiosk_has_no_token_on_its_command_line() -> None:
    assert "--token" in one_sentence(jimei("kiosk", "--token", "x"))


async def test_cards_are_printed_and_the_old_ones_die(town: LiveTown, tmp_path: Path) -> None:
    sheet = tmp_path / "cards.html"
    await print_new_cards(town.town, ["hp-1"], "https://jf.example.cn", sheet)
    assert "王建国" in sheet.read_text(encoding="utf-8")
    assert sheet.stat().st_mode & 0o077 == 0
    async with town.device() as http:
        assert (await http.get(f"/v1/cards/{town.card}")).status_code == 410


async def test_no_card_dies_when_the_sheet_cannot_be_written(town: LiveTown, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        await print_new_cards(town.town, ["hp-1"], "https://jf.example.cn", tmp_path / "missing" / "cards.html")
    assert refused.value.code == "unwritable"
    async with town.device() as http:
        assert (await http.get(f"/v1/cards/{town.card}")).status_code == 200
