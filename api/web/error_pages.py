"""Errors as HTML pages, with the same sentence and status as under `/v1`.

What leads to no page of ours, such as an address that doesn't exist, is answered as it was asked for: a browser
gets a page, a program a problem detail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import PermissionDeniedException
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.types import ExceptionHandlersMap

from api.platform.errors import ErrorCode, Refused
from api.platform.problem_details import EXCEPTIONS, problem_of
from api.web import csrf
from api.web.destination import keep_destination
from api.web.flash import see_other
from api.web.kept_form import keep_form
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
        return _sign_in_page(request, error)
    return _show_problem(request, problem_of(error))


def _sign_in_page(request: Request[Any, Any, Any], error: Refused) -> Response[Any]:
    """With what was typed, where a form was sent too late."""
    kept = keep_form(request)
    if kept:
        response: Response[Any] = render_page(
            request, "web/sign_in.html", status=error.code.status, login="", problem=error.detail, kept=kept
        )
        csrf.issue_cookie(request, response)
        return response
    response = see_other(SIGN_IN, error.detail, "refused")
    keep_destination(request, response)
    return response


def _stale_form_page(request: Request[Any, Any, Any], _: PermissionDeniedException) -> Response[Any]:
    """The CSRF check refused this form."""
    sentence = "这张表已经过期，没有提交。请返回上一页，刷新后再填一次。"
    return render_page(request, "web/problem.html", status=403, sentence=sentence)


def _answer(to_problem: Callable[[Any], ProblemDetailsException]) -> Any:
    page = _problem_page(to_problem)

    def respond(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return page(request, error) if _wants_page(request) else to_problem(error).to_response(request)

    return respond


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    """Browsers name HTML, programs JSON or nothing. Whatever is found under `/v1` is for programs."""
    if "route_handler" in request.scope and request.url.path.startswith("/v1/"):
        return False
    accepted = request.headers.get("Accept", "")
    return "text/html" in accepted and "json" not in accepted


# For the `exception_handlers` of the application.
ERROR_ANSWERS: ExceptionHandlersMap = {error: _answer(to_problem) for error, to_problem in EXCEPTIONS.items()}
# For the `exception_handlers` of a router of pages.
ERROR_PAGES: ExceptionHandlersMap = {
    **{error: _problem_page(to_problem) for error, to_problem in EXCEPTIONS.items()},
    Refused: _refusal_page,
    PermissionDeniedException: _stale_form_page,
}
