"""Errors as HTML pages, with the same sentence and status as under `/v1`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import PermissionDeniedException
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.types import ExceptionHandlersMap

from api.platform.errors import ErrorCode, Refused
from api.platform.problem_details import EXCEPTIONS, problem_of
from api.web.flash import see_other
from api.web.page import render_page

SIGN_IN = "/desk/sign-in"


def _problem_page(to_problem: Callable[[Any], ProblemDetailsException]) -> Any:
    def respond(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return _show_problem(request, to_problem(error))

    return respond


def _show_problem(request: Request[Any, Any, Any], problem: ProblemDetailsException) -> Response[Any]:
    return render_page(
        request,
        "web/problem.html",
        status=problem.status_code,
        headers=problem.headers or {},
        sentence=problem.detail,
    )


def _refusal_page(request: Request[Any, Any, Any], error: Refused) -> Response[Any]:
    if error.code == ErrorCode.NOT_SIGNED_IN:
        return see_other(SIGN_IN, error.detail, "refused")
    return _show_problem(request, problem_of(error))


def _stale_form_page(request: Request[Any, Any, Any], _: PermissionDeniedException) -> Response[Any]:
    """The CSRF check refused this form."""
    sentence = "这张表已经过期，没有提交。请返回上一页，刷新后再填一次。"
    return render_page(request, "web/problem.html", status=403, sentence=sentence)


# For the `exception_handlers` of a router of pages.
ERROR_PAGES: ExceptionHandlersMap = {
    **{error: _problem_page(to_problem) for error, to_problem in EXCEPTIONS.items()},
    Refused: _refusal_page,
    PermissionDeniedException: _stale_form_page,
}
