"""`/begin`: the first page of a fresh server, on which a township is founded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.awards.rulebooks.gallery import list_gallery
from api.desk.founding import questions, use_cases
from api.desk.founding.door import BEGIN, COOKIE, get_door
from api.desk.founding.questions import Question
from api.platform.clock import local_date
from api.platform.errors import Refused
from api.platform.problem_details import problem_of
from api.platform.services import Services
from api.registry.people.clients import read_client
from api.registry.people.invitation_pages import DIFFERENT, show_invitation
from api.registry.people.pages import DESK, enter_session
from api.registry.people.routes import MAX_SIGN_IN
from api.web.error_pages import ERROR_PAGES, SIGN_IN
from api.web.flash import see_other
from api.web.form import read_code, read_unchecked
from api.web.page import render_page
from api.wire.text import make_line_visible

MAX_ANSWERS = 100_000
"""Bytes of all answers."""
_FOUNDED = "已经建立了乡镇，请登录。"
_ASK_CODE = "请先输入服务器终端上显示的码。"


@dataclass(slots=True)
class _Answers:
    """Of the form: as they were filled in, what they mean, and what is wrong with them, by name."""

    filled: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


@get(BEGIN, sync_to_thread=False)
def begin(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    door = get_door(request)
    if door is None:
        return see_other(DESK)
    if not door.knows(request):
        return render_page(request, "desk/founding/code.html", problem="")
    today = local_date(services.clock.now())
    usual = {each.name: each.usual for each in _list_questions(today)}
    return _ask(request, today, _Answers(usual))


@post(f"{BEGIN}/code", status_code=200, request_max_body_size=MAX_SIGN_IN)
async def show_code(request: Request[Any, Any, Any]) -> Response[Any]:
    door = get_door(request)
    if door is None:
        return see_other(SIGN_IN, _FOUNDED)
    form = await request.form()
    try:
        key = await door.admit(request, read_code(form, "code"), read_client(request, ""))
    except Refused as error:
        headers = problem_of(error).headers or {}
        status = error.code.status
        return render_page(
            request, "desk/founding/code.html", status=status, headers=headers, problem=error.detail
        )
    response = see_other(BEGIN)
    response.set_cookie(COOKIE, key, httponly=True, samesite="strict")
    return response


@post(BEGIN, status_code=200, request_max_body_size=MAX_ANSWERS)
async def check(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    """What was filled in is told once more, before it is founded; or what is wrong with it."""
    if (elsewhere := _turn_away(request)) is not None:
        return elsewhere
    today = local_date(services.clock.now())
    form = await request.form()
    answers = _read(form, today)
    if answers.problems or read_code(form, "then") == "change":
        return _ask(request, today, answers)
    return _sum_up(request, answers)


@post(f"{BEGIN}/found", status_code=200, request_max_body_size=MAX_ANSWERS)
async def found(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    if (elsewhere := _turn_away(request)) is not None:
        return elsewhere
    today = local_date(services.clock.now())
    form = await request.form()
    answers = _read(form, today)
    if answers.problems:
        return _ask(request, today, answers)
    password = read_unchecked(form, "password")
    if password != read_unchecked(form, "again"):
        return _sum_up(request, answers, DIFFERENT)
    try:
        questions.require_possible(password)
        founded = await use_cases.found(
            services, questions.build_founding(answers.values, password), read_client(request, "")
        )
    except Refused as error:
        if await use_cases.is_founded(services):
            _close_door(request)
            return see_other(SIGN_IN, "刚才已经有人建立了乡镇，您填的没有写入。请登录，或找建立的人。", "refused")
        return _sum_up(request, answers, error.detail)
    _close_door(request)
    assert founded.invitation is not None
    response = show_invitation(request, None, founded.invitation, back=DESK)
    response.delete_cookie(COOKIE)
    return await enter_session(services, request, response, answers.values["first_login"], founded.session)


def _turn_away(request: Request[Any, Any, Any]) -> Redirect | None:
    """Whoever came too late, or without the code."""
    door = get_door(request)
    if door is None:
        return see_other(SIGN_IN, _FOUNDED)
    return None if door.knows(request) else see_other(BEGIN, _ASK_CODE, "refused")


def _close_door(request: Request[Any, Any, Any]) -> None:
    if (door := get_door(request)) is not None:
        door.close()


def _list_questions(today: date) -> Iterator[Question]:
    yield questions.TOWNSHIP
    yield from questions.FIRST
    yield from questions.SECOND
    yield from questions.DEFAULTS
    yield from questions.BOUNDS
    yield questions.EXPIRY
    yield questions.MONTHS
    yield questions.RULEBOOK
    yield from questions.ask_decision(today)


def _read(form: FormMultiDict, today: date) -> _Answers:
    answers = _Answers()
    asked = list(_list_questions(today))
    given = {each.name: read_unchecked(form, each.name) for each in asked}
    answers.filled = {name: make_line_visible(text)[:400] for name, text in given.items()}
    unasked = _find_unasked(answers.filled, today)
    for each in asked:
        if each.name not in unasked:
            with _telling(answers, each.name):
                answers.values[each.name] = each.read(given[each.name])
    if not answers.problems:
        _check_together(answers, today)
    return answers


def _find_unasked(filled: Mapping[str, str], today: date) -> set[str]:
    """What another answer has made needless."""
    unasked = set() if filled["expiry"] == "rolling" else {questions.MONTHS.name}
    if filled["rulebook"] == questions.LATER:
        unasked |= {each.name for each in questions.ask_decision(today)}
    return unasked


def _check_together(answers: _Answers, today: date) -> None:
    values = answers.values
    with _telling(answers, "second_login"):
        use_cases.require_two_people(values["first_login"], values["second_login"])
    if values["rulebook"] != questions.LATER:
        with _telling(answers, "rulebook"):
            use_cases.require_in_gallery(values["rulebook"])
        with _telling(answers, "decided_on"):
            use_cases.require_decided(values["decided_on"], values["effective_from"], today)


@contextmanager
def _telling(answers: _Answers, name: str) -> Iterator[None]:
    """What is refused inside is told at this question."""
    try:
        yield
    except Refused as error:
        answers.problems[name] = error.detail


def _ask(request: Request[Any, Any, Any], today: date, answers: _Answers) -> Response[Any]:
    return render_page(
        request,
        "desk/founding/begin.html",
        status=400 if answers.problems else 200,
        filled=answers.filled,
        problems=answers.problems,
        township=questions.TOWNSHIP,
        first=questions.FIRST,
        second=questions.SECOND,
        defaults=questions.DEFAULTS,
        bounds=questions.BOUNDS,
        expiries=questions.EXPIRIES,
        months=questions.MONTHS,
        gallery=list_gallery(),
        later=questions.LATER,
        decision=questions.ask_decision(today),
    )


def _sum_up(request: Request[Any, Any, Any], answers: _Answers, problem: str = "") -> Response[Any]:
    return render_page(
        request,
        "desk/founding/summary.html",
        status=400 if problem else 200,
        lines=questions.summarize(answers.values),
        filled=answers.filled,
        name=answers.values["first_name"],
        login=answers.values["first_login"],
        second=answers.values["second_name"],
        problem=problem,
    )


router = Router(
    "/",
    route_handlers=[begin, show_code, check, found],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
