"""Addresses of databases in libpq's form: several hosts, socket folders, IPv6, certificates. What the driver
doesn't take is refused, never left out in silence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

from sqlalchemy import URL

from api.platform.errors import ErrorCode, Refused

_PORT = "5432"

_URI = re.compile(
    r"postgres(?:ql)?(?:\+\w+)?://(?:(?P<user>[^:@/?]*)(?::(?P<password>[^@/?]*))?@)?"
    r"(?P<hosts>[^@/?]*)(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?"
)
_HOST = re.compile(r"\[(?P<ipv6>[^\]]*)\](?::(?P<ipv6_port>\d*))?|(?P<host>[^:\[\]]*)(?::(?P<port>\d*))?")

# The driver takes these only in an address; `options` are for the server.
_PASSED_ON = frozenset(
    {"sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation", "passfile",
     "ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib", "options"}
)  # fmt: skip
# What the program sets by itself, for every connection.
_OURS = frozenset(
    {"application_name", "fallback_application_name", "client_encoding", "keepalives", "keepalives_idle",
     "keepalives_interval", "keepalives_count", "tcp_user_timeout"}
)  # fmt: skip
# `any` is what libpq takes where nothing is said.
_WRITABLE = {"any": "read-write", "read-write": "read-write", "primary": "primary"}


class _Unusable(Exception):
    """Why, in Chinese, to follow the variable's name."""


def parse_address(address: str, variable: str) -> URL:
    """What `create_engine` takes. `variable`: of the environment, for sentences. Raises Refused: database-url."""
    try:
        return _parse(address.strip())
    except _Unusable as why:
        raise Refused(ErrorCode.DATABASE_URL, f"{variable} {why}。") from None


def _parse(address: str) -> URL:
    uri = _URI.fullmatch(address)
    if uri is None:
        raise _Unusable(
            "不是数据库地址，应形如 postgresql://用户:密码@主机:5432/库名"
            "（几台主机用逗号隔开，密码里的特殊符号写成 %XX）"
        )
    query = _read_query(uri["query"] or "")
    user = query.pop("user", unquote(uri["user"] or ""))
    password = query.pop("password", unquote(uri["password"] or ""))
    database = query.pop("dbname", unquote(uri["database"] or ""))
    if not database:
        raise _Unusable("里还缺库名，应形如 postgresql://用户:密码@主机:5432/库名")
    hosts = query.pop("host", None)
    ports = query.pop("port", "")
    if hosts is None:
        hosts = uri["hosts"]
    elif uri["hosts"]:
        raise _Unusable("里主机写了两处，请只写一处")
    target = query.pop("target_session_attrs", "any")
    if target not in _WRITABLE:
        raise _Unusable(f"要指向能写入的数据库，target_session_attrs 不能是 {target}")
    known = {"target_session_attrs": _WRITABLE[target], **_read_hosts(hosts, ports)}
    if (patience := query.pop("connect_timeout", "0").strip()) and patience.lstrip("-") != "0":
        if not patience.isdecimal():
            raise _Unusable("里的 connect_timeout 应是秒数")
        known["timeout"] = patience
    if unknown := sorted(query.keys() - _PASSED_ON - _OURS):
        raise _Unusable(f"里有本程序不支持的参数 {'、'.join(unknown)}，请删去")
    if passed_on := [f"{name}={quote(query[name], safe='')}" for name in sorted(query.keys() & _PASSED_ON)]:
        known["dsn"] = f"postgresql://?{'&'.join(passed_on)}"
    return URL.create("postgresql+asyncpg", user or None, password or None, database=database, query=known)


def _read_query(text: str) -> dict[str, str]:
    """A name that comes several times names several hosts, or the last one counts, as in libpq."""
    query: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        name, equals, value = part.partition("=")
        if not equals:
            raise _Unusable(f"里的参数 {unquote(name)} 没有值")
        name, value = unquote(name), unquote(value)
        query[name] = f"{query[name]},{value}" if name in ("host", "port") and name in query else value
    return query


def _read_hosts(hosts: str, ports: str) -> dict[str, str]:
    """`host` and `port`, with commas, as many of one as of the other; neither, where the driver knows best."""
    pairs = [_read_host(each) for each in hosts.split(",")] if hosts else []
    given = ports.split(",") if ports else []
    if not pairs:
        if len(given) > 1:
            raise _Unusable("里端口比主机多")
        return {"port": _read_port(given[0])} if given else {}
    if len(given) == 1:
        # One port is for all hosts.
        given *= len(pairs)
    if given and len(given) != len(pairs):
        raise _Unusable("里主机和端口的个数不同")
    chosen: Sequence[str] = given or [port for _, port in pairs]
    return {"host": ",".join(host for host, _ in pairs), "port": ",".join(map(_read_port, chosen))}


def _read_host(text: str) -> tuple[str, str]:
    # A socket's folder has slashes, which in this place are written %2F; a colon in it is one of its own.
    if (folder := unquote(text)).startswith("/"):
        return folder, ""
    host = _HOST.fullmatch(text)
    if host is None or not (name := unquote(host["ipv6"] or host["host"] or "")):
        # Not quoted: a password with a sign that isn't written %XX ends up here.
        raise _Unusable("里的主机或端口写得不对：IPv6 地址要用方括号，密码里的特殊符号写成 %XX")
    return name, host["ipv6_port"] or host["port"] or ""


def _read_port(text: str) -> str:
    if text and not (text.isdecimal() and 0 < int(text) < 65_536):
        raise _Unusable("里的端口不是 1 到 65535 的数")
    return text or _PORT
