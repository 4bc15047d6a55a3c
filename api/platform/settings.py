"""Settings from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """`JIMEI_DATA`: the data folder (default `./.jimei`). `JIMEI_DATABASE_URL`: any PostgreSQL 15 or newer; unset,
    an embedded server runs in the data folder."""

    data: Path
    database_url: str | None

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        return cls(
            data=Path(environment.get("JIMEI_DATA") or ".jimei").absolute(),
            database_url=environment.get("JIMEI_DATABASE_URL") or None,
        )
