"""`/schema`: the OpenAPI document as a page for people, without scripts, and `/schema/openapi.json`."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from litestar import Request, Router
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

from api.web.error_pages import ERROR_ANSWERS
from api.web.page import PAGE_HEADERS, STYLE_VERSION, get_template

_CALLERS = {"staff": "工作人员", "device": "终端"}


class InterfacePage(OpenAPIRenderPlugin):
    """In the pages' own style and under their headers: nothing of it comes from another host."""

    def __init__(self) -> None:
        super().__init__(path="/")
        self._page = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        # The same for everybody, as long as the server runs.
        if not self._page:
            template = get_template(request, "web/interface.html")
            page = template.render(
                document=openapi_schema, sections=_list_sections(openapi_schema), style_version=STYLE_VERSION
            )
            self._page = page.encode()
        return self._page


def _list_sections(document: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The operations by their tags, each with its `path`, `method` and `callers`."""
    operations = [
        operation | {"path": path, "method": method.upper(), "callers": _list_callers(operation)}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]

    def tag(operation: dict[str, Any]) -> str:
        return str(operation["tags"][0])

    return [(name, list(group)) for name, group in groupby(sorted(operations, key=tag), key=tag)]


def _list_callers(operation: dict[str, Any]) -> list[str]:
    return [_CALLERS[scheme] for requirement in operation.get("security", []) for scheme in requirement]


def _refuse_unknown(request: Request[Any, Any, Any]) -> None:
    """Litestar's own page for whatever else is under its path."""
    if "path" in request.path_params:
        raise NotFoundException


RENDERERS = [InterfacePage(), JsonRenderPlugin()]


def make_router() -> Router:
    """For the `openapi_router` of an application."""
    return Router(
        "/schema",
        route_handlers=[],
        before_request=_refuse_unknown,
        exception_handlers=ERROR_ANSWERS,
        response_headers=PAGE_HEADERS,
        include_in_schema=False,
    )
