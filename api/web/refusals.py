"""What goes wrong on a page is told on a page: the same words and status as `/v1`, in HTML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import PermissionDeniedException
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.types import ExceptionHandlersMap

from api.platform.errors import ErrorCode, Refused
from api.platform.problem_details import EXCEPTIONS
from api.web.flash import see_other
from api.web.page import page

SIGN_IN = "/desk/sign-in"


def _as_page(described: Callable[[Any], ProblemDetailsException]) -> Any:
    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        problem = described(error)
        return page(
            request,
            "web/problem.html",
            status=problem.status_code,
            headers=problem.headers or {},
            sentence=problem.detail,
        )

    return answer


def _refused(request: Request[Any, Any, Any], error: Refused) -> Response[Any]:
    if error.code == ErrorCode.NOT_SIGNED_IN:
        return see_other(SIGN_IN, error.detail, "refused")
    return page(request, "web/problem.html", status=error.code.status, sentence=error.detail)


def _stale_form(request: Request[Any, Any, Any], _: PermissionDeniedException) -> Response[Any]:
    """The guard against forged forms refused this one."""
    sentence = "这张表已经过期，没有提交。请返回上一页，刷新后再填一次。"
    return page(request, "web/problem.html", status=403, sentence=sentence)


# For the `exception_handlers` of a router of pages.
AS_PAGES: ExceptionHandlersMap = {
    **{error: _as_page(described) for error, described in EXCEPTIONS.items()},
    Refused: _refused,
    PermissionDeniedException: _stale_form,
}
