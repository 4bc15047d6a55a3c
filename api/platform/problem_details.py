"""How whatever goes wrong becomes an RFC 9457 problem detail with a Chinese sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import structlog
from litestar.exceptions import HTTPException, InternalServerException, ValidationException
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.types import Logger, Scope
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, TimeoutError

from api.platform.errors import Refused
from api.wire.card_token import MalformedCard

log = structlog.get_logger()

RETRY_AFTER = 2  # seconds; a database that died is back in about as many

_HTTP = {
    400: ("malformed", "请求的内容或格式不对，请核对。"),
    401: ("not-signed-in", "请先登录。"),
    403: ("not-allowed", "没有这项操作的权限。"),
    404: ("unknown", "没有这个地址或记录。"),
    405: ("malformed", "这个地址不支持这种操作。"),
    413: ("too-large", "内容太大。"),
    429: ("too-many", "请求太频繁，请稍候再试。"),
}


def _problem(
    word: str,
    status: int,
    detail: str,
    extra: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> ProblemDetailsException:
    return ProblemDetailsException(
        type_=word,
        title=word.replace("-", " "),
        status_code=status,
        detail=detail,
        extra={"extra": extra or {}},
        headers=headers,
    )


def refused(error: Refused) -> ProblemDetailsException:
    headers = {"Retry-After": str(RETRY_AFTER)} if error.code.status == 503 else None
    return _problem(error.code, error.code.status, error.detail, error.extra, headers)


def malformed_card(error: MalformedCard) -> ProblemDetailsException:
    return _problem("card-malformed", 400, str(error))


def http(error: HTTPException) -> ProblemDetailsException:
    word, detail = _HTTP.get(error.status_code, ("server-fault", "服务器出错了，请稍候再试。"))
    # What a program sent wrong, in the words of the validator: for whoever writes that program.
    told = isinstance(error, ValidationException) or error.status_code == 400
    return _problem(word, error.status_code, detail, {"errors": error.extra or error.detail} if told else None)


def integrity(error: IntegrityError) -> ProblemDetailsException:
    """A key that is taken, or one that leads nowhere; the database's own words stay inside."""
    if getattr(error.orig, "sqlstate", "") == "23505":
        return _problem("already-there", 409, "已有同样编号的记录，没有改动。")
    return _problem("unknown", 404, "所指的村、网格、户或物品不存在，没有改动。")


def database(error: DBAPIError) -> ProblemDetailsException:
    """By the class of its SQLSTATE: 22 is data that no text or number of ours can be, such as a zero byte;
    08, 3D, 40, 53 and 57 are a database that is away, busy or shutting down; anything else is our fault."""
    kind = (getattr(error.orig, "sqlstate", "") or "")[:2]
    if kind == "22":
        return _problem("malformed", 400, _HTTP[400][1])
    if kind in ("08", "3D", "40", "53", "57"):
        return away(error)
    return _problem("server-fault", 500, "服务器出错了，请稍候再试。")


def away(_: Exception) -> ProblemDetailsException:
    headers = {"Retry-After": str(RETRY_AFTER)}
    return _problem("busy", 503, "数据库暂时连不上，请稍候再试。", headers=headers)


EXCEPTIONS: dict[type[Exception], Callable[[Any], ProblemDetailsException]] = {
    Refused: refused,
    MalformedCard: malformed_card,
    HTTPException: http,
    IntegrityError: integrity,
    DBAPIError: database,
    OperationalError: away,
    InterfaceError: away,
    # No free connection in time; no socket, no route, no name.
    TimeoutError: away,
    OSError: away,
}


def told(error: BaseException) -> ProblemDetailsException | None:
    """What the client is answered; None for a fault that nobody foresaw."""
    for kind in type(error).__mro__:
        if kind in EXCEPTIONS:
            return EXCEPTIONS[kind](error)
    return None


def log_exception(_: Logger, scope: Scope, __: list[str]) -> None:
    """A traceback for faults of ours alone. A refusal is an answer; a database that is away is a line, since
    drawing a traceback for every request would keep the server from saying so, and the database from coming
    back. Called where the exception is being handled; the route is named, for a path may hold a card's token.
    """
    error = sys.exc_info()[1]
    if isinstance(error, InternalServerException) and error.detail == "client disconnected prematurely":
        # The network of a till.
        return
    problem = told(error) if error is not None else None
    route = scope.get("path_template")
    if problem is None or problem.status_code == 500:
        log.exception("a request failed", route=route)
    elif problem.status_code == 503:
        log.warning("the database is away", route=route, error=str(getattr(error, "orig", error)))
