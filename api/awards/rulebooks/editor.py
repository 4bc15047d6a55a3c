"""The editor component of the draft's page: the files of Ace that it needs, served from their package."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from litestar.datastructures import CacheControlHeader
from litestar.file_system import BaseLocalFileSystem
from litestar.static_files import create_static_files_router
from litestar.types import PathType
from litestar.types.file_types import FileInfo

from api.web.page import YEAR_SECONDS

_PATH = "/assets/ace"
_PACKAGE = "django-static-ace-builds"
_FOLDER = Path(str(files("django_static_ace_builds"))).resolve() / "static" / "ace-builds"
_FILES = ("ace.js", "mode-toml.js", "theme-dawn.js", "ext-searchbox.js")

# In the order in which they must run.
SCRIPTS = [f"{_PATH}/{name}?v={version(_PACKAGE)}" for name in _FILES]


class _AceFiles(BaseLocalFileSystem):
    """Serves only these of the package's hundreds of files."""

    async def info(self, path: PathType, **kwargs: Any) -> FileInfo:
        if Path(path) not in {_FOLDER / name for name in _FILES}:
            raise FileNotFoundError(path)
        return await super().info(path, **kwargs)


router = create_static_files_router(
    _PATH,
    [_FOLDER],
    file_system=_AceFiles(),
    cache_control=CacheControlHeader(public=True, max_age=YEAR_SECONDS, immutable=True),
    name="ace",
)
