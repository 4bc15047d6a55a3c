"""Settings from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from api.platform.errors import ErrorCode, Refused


@dataclass(frozen=True, slots=True)
class Settings:
    """`JIMEI_DATA`: the data folder (default `./.jimei`). `JIMEI_DATABASE_URL`: any PostgreSQL 15 or newer, by the
    application's own login; unset, an embedded server runs in the data folder. `JIMEI_DATABASE_OWNER_URL`: the
    same database by its owner's login, for what migrates. `JIMEI_BACKUPS`: whether the server backs up by itself,
    `on` or `off`; unset, it does where it runs the embedded server. `JIMEI_BACKUP_COPY`: a second folder for
    backups."""

    data: Path
    database_url: str | None
    database_owner_url: str | None = None
    backups: str | None = None
    backup_copy: Path | None = None

    @property
    def backs_up(self) -> bool:
        """Raises Refused: malformed."""
        if self.backups not in (None, "on", "off"):
            raise Refused(ErrorCode.MALFORMED, "JIMEI_BACKUPS 应是 on 或 off。")
        return self.database_url is None if self.backups is None else self.backups == "on"

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        return cls(
            data=Path(environment.get("JIMEI_DATA") or ".jimei").absolute(),
            database_url=environment.get("JIMEI_DATABASE_URL") or None,
            database_owner_url=environment.get("JIMEI_DATABASE_OWNER_URL") or None,
            backups=environment.get("JIMEI_BACKUPS") or None,
            backup_copy=Path(copy).absolute() if (copy := environment.get("JIMEI_BACKUP_COPY")) else None,
        )
