"""Addresses in every form that libpq takes: read as libpq reads them, or refused in one sentence."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from api.platform.database.address import parse_address
from api.platform.errors import ErrorCode, Refused


def told(url: URL) -> dict[str, Any]:
    """What the driver is called with."""
    _, arguments = url.get_dialect()().create_connect_args(url)
    return dict(arguments)


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("postgresql://u@h/db", "h", 5432),
        ("postgres://u@h:5433/db", "h", 5433),
        ("postgresql+psycopg://u@h/db", "h", 5432),
        ("postgresql://u@[::1]:5433/db", "::1", 5433),
        ("postgresql://u@a:5432,b:5433/db", ["a", "b"], [5432, 5433]),
        ("postgresql://u@a,[fe80::2]:1,c/db", ["a", "fe80::2", "c"], [5432, 1, 5432]),
        ("postgresql://u@/db?host=a,b&port=1,2", ["a", "b"], [1, 2]),
        ("postgresql://u@/db?host=a,b&port=7", ["a", "b"], [7, 7]),
        ("postgresql://u@/db?host=a&host=b", ["a", "b"], [5432, 5432]),
        ("postgresql://u@/db?host=a:1&host=b:2", ["a", "b"], [1, 2]),
        ("postgresql://u@/db?host=/run/postgresql", "/run/postgresql", 5432),
        ("postgresql://u@%2Frun%2Fpostgresql/db", "/run/postgresql", 5432),
        ("postgresql:///db?user=u", None, None),
    ],
)
def test_hosts(address: str, host: str | list[str] | None, port: int | list[int] | None) -> None:
    arguments = told(parse_address(address, "URL"))
    assert (arguments.get("host"), arguments.get("port")) == (host, port)
    assert (arguments["user"], arguments["database"]) == ("u", "db")
    assert arguments["target_session_attrs"] == "read-write"


def test_what_else_an_address_says() -> None:
    url = parse_address(
        "postgresql://u:p@h/db?sslmode=verify-full&sslrootcert=/etc/ssl/a%20b.crt&connect_timeout=3&application_name=x"
        "&options=-c%20jit%3Don&target_session_attrs=primary",
        "URL",
    )
    arguments = told(url)
    assert (
        arguments["dsn"]
        == "postgresql://?options=-c%20jit%3Don&sslmode=verify-full&sslrootcert=%2Fetc%2Fssl%2Fa%20b.crt"
    )
    assert (arguments["timeout"], arguments["target_session_attrs"]) == ("3", "primary")
    assert "application_name" not in arguments


@given(*(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), min_size=1) for _ in range(3)))
def test_any_name_and_password(user: str, password: str, database: str) -> None:
    parts = [quote(part, safe="") for part in (user, password, database)]
    url = parse_address("postgresql://{}:{}@h/{}".format(*parts), "URL")
    assert (url.username, url.password, url.database) == (user, password, database)


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "host=h dbname=db", "mysql://u@h/db", "postgresql://u@h", "postgresql://u@h/", "postgresql://u@h:0/db",
     "postgresql://u@h:99999/db", "postgresql://u@h:x/db", "postgresql://u@a,,b/db", "postgresql://u@::1/db",
     "postgresql://u@[::1/db", "postgresql://u:s3cret/x@h/db", "postgresql://u:s3cret@x@h/db", "postgresql://u@h/db?sslmode",
     "postgresql://u@h/db?hostaddr=1.2.3.4", "postgresql://u@h/db?channel_binding=require", "postgresql://u@h/db?x=1",
     "postgresql://u@h/db?target_session_attrs=standby", "postgresql://u@h/db?host=other", "postgresql://u@h/db?port=1,2",
     "postgresql://u@h/db?connect_timeout=soon", "postgresql:///db?port=1,2"],
)  # fmt: skip
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_address(address, "JIMEI_DATABASE_URL")
    assert refusal.value.code == ErrorCode.DATABASE_URL
    said = refusal.value.detail
    assert said.startswith("JIMEI_DATABASE_URL")
    assert said.endswith("。")
    assert "s3cret" not in said


@given(st.text(st.sampled_from("postgresql://@:,[]/?&=%a1.-")) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for address in (text, f"postgresql://{text}"):
        with suppress(Refused):
            told(parse_address(address, "URL"))
