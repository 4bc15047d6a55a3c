"""Requests whose bodies are read within bounds: whatever is sent, it is taken or it is malformed."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, HTTPException
from litestar.status_codes import HTTP_415_UNSUPPORTED_MEDIA_TYPE

MAX_NESTING = 32
"""Objects and arrays within each other; what the interface asks for has fewer than ten."""
MAX_FIELDS = 10_000
"""Of a form; the longest list that can be ticked has fewer."""


class BoundedRequest(Request[Any, Any, Any]):
    async def json(self) -> Any:
        """Raises HTTPException: of another type, too deeply nested (whatever walks through it would run out of
        stack), or no JSON at all."""
        content_type, _ = self.content_type
        if content_type and not content_type.endswith("json"):
            raise HTTPException(status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)
        try:
            value = await super().json()
        except UnicodeDecodeError:
            raise ClientException("not in UTF-8") from None
        except RecursionError:
            raise ClientException("nested too deeply") from None
        if _nests_deeper(value, MAX_NESTING):
            raise ClientException("nested too deeply")
        return value

    async def form(self) -> FormMultiDict:
        """Raises HTTPException."""
        if (
            self.content_type[0] == RequestEncodingType.URL_ENCODED
            and (await self.body()).count(b"&") >= MAX_FIELDS
        ):
            raise ClientException("too many fields")
        try:
            return await super().form()
        except (LookupError, UnicodeDecodeError):
            raise ClientException("in an encoding that it doesn't have") from None


def _nests_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        level = [inner for outer in level for inner in _list_inner(outer)]
        if not level:
            return False
    return True


def _list_inner(value: Any) -> list[Any]:
    """The objects and arrays in an object or array."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, dict | list)]
