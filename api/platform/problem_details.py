"""How whatever goes wrong becomes an RFC 9457 problem detail with a Chinese sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from litestar.exceptions import (
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    ValidationException,
)
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.types import Logger, Scope
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, TimeoutError

from api.platform.database.connect import DatabaseAway
from api.platform.disk import DISK_FULL, is_disk_full
from api.platform.errors import ErrorCode, Refused
from api.platform.methods import list_allowed
from api.wire.card_token import MalformedCard
from api.wire.text import UnreadableText, make_line_visible

log = structlog.get_logger()

RETRY_AFTER = 2  # seconds; a database that died is back in about as many

_HTTP = {
    400: (ErrorCode.MALFORMED, "请求的内容或格式不对，请核对。"),
    401: (ErrorCode.NOT_SIGNED_IN, "请先登录。"),
    403: (ErrorCode.NOT_ALLOWED, "没有这项操作的权限。"),
    404: (ErrorCode.UNKNOWN, "没有这个地址或记录。"),
    405: (ErrorCode.MALFORMED, "这个地址不支持这种操作。"),
    413: (ErrorCode.TOO_LARGE, "内容太大。"),
    415: (ErrorCode.MALFORMED, "请求的内容要用 JSON 格式（application/json）。"),
    429: (ErrorCode.TOO_MANY, "请求太频繁，请稍候再试。"),
}
_FAULT = (ErrorCode.SERVER_FAULT, "服务器出错了，请稍候再试。")


def _problem(
    code: ErrorCode,
    detail: str,
    status: int | None = None,
    extra: dict[str, Any] | None = None,
    retry_after: int | None = None,
    headers: dict[str, str] | None = None,
) -> ProblemDetailsException:
    """`status` where it isn't the code's own."""
    status = status or code.status
    if status in (503, 507):
        retry_after = RETRY_AFTER
    return ProblemDetailsException(
        type_=code,
        title=code.replace("-", " "),
        status_code=status,
        # It may quote what was sent or stored.
        detail=make_line_visible(detail),
        extra={"extra": extra or {}},
        headers={"Retry-After": str(retry_after)} if retry_after is not None else headers,
    )


def refused(error: Refused) -> ProblemDetailsException:
    return _problem(error.code, error.detail, extra=error.extra, retry_after=error.retry_after)


def malformed_card(error: MalformedCard) -> ProblemDetailsException:
    return _problem(ErrorCode.CARD_MALFORMED, str(error))


def unreadable_text(error: UnreadableText) -> ProblemDetailsException:
    return _problem(ErrorCode.MALFORMED, str(error))


def http(error: HTTPException) -> ProblemDetailsException:
    code, detail = _HTTP.get(error.status_code, _FAULT)
    unreadable = _find_unreadable_text(error)
    if unreadable is not None:
        detail = str(unreadable)
    # What a program sent wrong, in the validator's words: for whoever writes that program.
    explained = isinstance(error, ValidationException) or error.status_code == 400
    extra = {"errors": error.extra or error.detail} if explained else None
    headers = {"Allow": list_allowed(error)} if isinstance(error, MethodNotAllowedException) else None
    return _problem(code, detail, error.status_code, extra, headers=headers)


def _find_unreadable_text(error: BaseException | None) -> UnreadableText | None:
    """The text in a request that was refused, if that is why the request couldn't be decoded."""
    while error is not None and not isinstance(error, UnreadableText):
        error = error.__cause__ or error.__context__
    return error


def integrity(error: IntegrityError) -> ProblemDetailsException:
    """A key that is taken, or a reference that leads nowhere; any other broken constraint is a fault of ours,
    since use cases check what is sent. The database's own words stay inside."""
    match _sqlstate(error):
        case "23505":
            return _problem(ErrorCode.ALREADY_THERE, "已有同样编号的记录，没有改动。")
        case "23503":
            return _problem(ErrorCode.UNKNOWN, "所指的村、网格、户或物品不存在，没有改动。")
        case _:
            return fault(error)


def database(error: DBAPIError) -> ProblemDetailsException:
    """By the class of its SQLSTATE: 22 is data that no text or number of ours can be, such as a zero byte;
    25 is a database that can only be read; 08, 28, 3D, 40, 53, 55, 57 and 58 are one that is away, busy or
    shutting down, or doesn't let us in; anything else is our fault."""
    if is_disk_full(error, _sqlstate(error)):
        return disk_full(error)
    match _sqlstate(error)[:2]:
        case "22":
            return _problem(*_HTTP[400])
        case "25":
            return _problem(ErrorCode.BUSY, "数据库现在只能读不能写，没有改动，请稍候再试。")
        case "08" | "28" | "3D" | "40" | "53" | "55" | "57" | "58":
            return away(error)
        case _:
            return fault(error)


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", "") or ""


def operational(error: OperationalError) -> ProblemDetailsException:
    return disk_full(error) if is_disk_full(error, _sqlstate(error)) else away(error)


def away(_: Exception) -> ProblemDetailsException:
    return _problem(ErrorCode.BUSY, "数据库暂时连不上，请稍候再试。")


def disk_full(_: Exception) -> ProblemDetailsException:
    return _problem(ErrorCode.DISK_FULL, DISK_FULL)


def file(error: OSError) -> ProblemDetailsException:
    """Of our own, such as an export's."""
    return disk_full(error) if is_disk_full(error) else fault(error)


def fault(_: Exception) -> ProblemDetailsException:
    return _problem(*_FAULT)


EXCEPTIONS: dict[type[Exception], Callable[[Any], ProblemDetailsException]] = {
    Refused: refused,
    MalformedCard: malformed_card,
    UnreadableText: unreadable_text,
    HTTPException: http,
    IntegrityError: integrity,
    DBAPIError: database,
    OperationalError: operational,
    InterfaceError: away,
    # No free connection in time.
    TimeoutError: away,
    DatabaseAway: away,
    OSError: file,
    # A connection that was cut off in the middle of a message.
    asyncpg.InternalClientError: away,
    Exception: fault,
}


def problem_of(error: Exception) -> ProblemDetailsException:
    """What the client is answered."""
    described = next(EXCEPTIONS[kind] for kind in type(error).__mro__ if kind in EXCEPTIONS)
    return described(error)


def log_exception(_: Logger, scope: Scope, __: list[str]) -> None:
    """A traceback for faults of ours alone. A refusal is an answer; a database that is away is a line, since
    drawing a traceback for every request would keep the server from saying so, and the database from coming
    back. Called where the exception is being handled; the route is named, for a path may hold a card's token.
    """
    error = sys.exc_info()[1]
    if isinstance(error, InternalServerException) and error.detail == "client disconnected prematurely":
        # The network of a till.
        return
    if not isinstance(error, Exception):
        return
    problem = problem_of(error)
    route = scope.get("path_template")
    if problem.status_code == ErrorCode.SERVER_FAULT.status:
        log.exception("a request failed", route=route)
    elif problem.status_code == ErrorCode.DISK_FULL.status:
        log.error("the disk is full", route=route, error=str(getattr(error, "orig", error)))
    elif problem.status_code == ErrorCode.BUSY.status:
        log.warning("the database is away", route=route, error=str(getattr(error, "orig", error)))
