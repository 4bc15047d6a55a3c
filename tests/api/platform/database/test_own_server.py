"""On a PostgreSQL of the operator's own: another version, another build, TCP, logins with passwords, JIT."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from api.bookkeeping.seals.use_cases import seal
from api.household.passbook import read_passbook
from api.opening import ask_database, open_services
from api.platform.clock import TravelClock
from api.platform.database import engine
from api.platform.database.address import parse_address
from api.platform.database.connect import DatabaseAway
from api.platform.database.drift import check_database
from api.platform.database.engine import Access, Database
from api.platform.database.login import find_risks
from api.platform.database.migrations import differences, migrate
from api.platform.database.sql_files import REVISIONS
from api.platform.errors import ErrorCode, Refused
from tests.api.asking import a_redemption, order, problem, rows
from tests.api.shop.offline.till import Till, check_books
from tests.command_line import jimei_beside, one_sentence
from tests.conftest import NOW, LiveTown, serving, settle, town_of
from tests.databases import Clone
from tests.own_server import LOGIN, OWNER, PASSWORD, OwnServer, own_server, with_own_server

pytestmark = with_own_server

TOWN = "town"
SSL_REQUEST = (80877103).to_bytes(4)


@pytest.fixture(scope="module")
def own() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.fixture(scope="module")
async def settled(own: OwnServer) -> LiveTown:
    """The small township there: the owner migrates, and the operator gives the application its login."""
    clone = own.clone(TOWN)
    await migrate(clone.owner)
    await own.administer(f"create role {LOGIN} login password '{PASSWORD}' in role jimei_app")
    return await settle(clone)


@pytest.fixture
async def town(settled: LiveTown) -> AsyncIterator[LiveTown]:
    clock = TravelClock(NOW)
    database = Database(settled.clone.app)
    base = town_of(database, clock)
    async with serving(base) as url:
        yield replace(settled, url=url, town=base, clock=clock)
    await database.close()


async def test_a_day_of_the_books(town: LiveTown, own: OwnServer) -> None:
    """A claim posted, redemptions together, a till's journal, a household's page, seals: and all of it holds."""
    assert await check_database(town.clone.owner)
    await town.award("hp-1", 20)
    shift = await town.shift()
    async with town.device(shift) as device:
        answers = await asyncio.gather(
            *(device.put(a_redemption(), json=order(town.card, ("soap", 1, 5))) for _ in range(5))
        )
    assert {answer.status_code for answer in answers} == {200}
    till = Till(town, town.kiosk)
    await till.sign_in()
    household = (await till.view_card(town.card)).household
    await till.renew()
    till.write_sale(town.card, household, ("soap", 1), leased=5)
    assert [o.status for o in (await till.settle()).outcomes][-1] == "settled"
    async with httpx.AsyncClient(base_url=town.url) as http:
        assert (await http.get(f"/c/{town.card}")).status_code == 200
        assert (await http.get("/readyz")).text == "ok"
    assert (await read_passbook(town.town, town.card)).lifetime_points == 120
    while await seal(town.town):
        pass
    await check_books(town)


async def test_statements_are_not_compiled(town: LiveTown) -> None:
    """The server's own default is to do so: each of ours would take twenty times as long."""
    assert await rows(town, "show jit") == [("on",)]
    # Not run: the planner alone decides by its costs.
    costly = "explain select count(*) from pg_class a, pg_class b, pg_class c, pg_class d"
    assert "JIT:" in str(await rows(town, costly))
    async with town.town.unit_of_work() as uow:
        plan = (await uow.session.scalars(text(costly))).all()
        assert "JIT:" not in str(plan)


@pytest.mark.parametrize(
    ("setting", "ours"),
    [("synchronous_commit = off", "on"), ("search_path = pg_catalog", "public, pg_temp"),
     ("timezone = 'Asia/Urumqi'", "UTC"), ("default_transaction_deferrable = on", "off"),
     ("datestyle = 'SQL, DMY'", "ISO, MDY"), ("statement_timeout = 1", "1min"), ("lock_timeout = 1", "0"),
     ("default_transaction_isolation = serializable", "read committed"), ("extra_float_digits = -3", "1")],
)  # fmt: skip
async def test_what_a_role_or_a_database_was_set_to_is_not_ours(
    town: LiveTown, own: OwnServer, setting: str, ours: str
) -> None:
    name = setting.split()[0]
    for whom in (f"role {LOGIN}", f"database {TOWN}"):
        await own.administer(f"alter {whom} set {setting}")
    try:
        database = Database(town.clone.app)
        async with database.begin() as session:
            assert await session.scalar(text(f"show {name}")) == ours
        await database.close()
    finally:
        for whom in (f"role {LOGIN}", f"database {TOWN}"):
            await own.administer(f"alter {whom} reset {name}")


async def test_a_database_of_an_earlier_program_is_brought_up(
    own: OwnServer, settled: LiveTown, tmp_path: Path
) -> None:
    earlier = Path(
        shutil.copytree(REVISIONS, tmp_path / "alembic", ignore=shutil.ignore_patterns("100[3-9]*", "current"))
    )
    clone = own.clone("earlier")
    await migrate(clone.owner, earlier)
    village = "insert into township values (1, '乡', now()); insert into village values (1, 'hp', '河畔村', 3)"
    await own.administer(village, database="earlier")
    await migrate(clone.owner)
    assert await differences(clone.owner) is None
    async with (
        open_services(_access(clone, tmp_path), TravelClock(NOW)) as services,
        services.unit_of_work() as uow,
    ):
        assert await uow.session.scalar(text("select name from village")) == "河畔村"


def _access(clone: Clone, folder: Path) -> Access:
    return Access(clone.owner, clone.app, folder, embedded=False)


POWERS = [
    ("alter role {login} superuser", "alter role {login} nosuperuser"),
    ("alter role {login} createrole", "alter role {login} nocreaterole"),
    ("alter role {login} bypassrls", "alter role {login} nobypassrls"),
    ("alter role {login} replication", "alter role {login} noreplication"),
    ("grant {owner} to {login}", "revoke {owner} from {login}"),
    # By a role between, which inherits nothing.
    ("create role between noinherit in role {owner} role {login}", "drop role between"),
    ("grant pg_write_all_data to {login}", "revoke pg_write_all_data from {login}"),
    ("grant pg_execute_server_program to {login}", "revoke pg_execute_server_program from {login}"),
    ("grant insert on ledger.transfer to {login}", "revoke insert on ledger.transfer from {login}"),
    ("grant update (posted) on ledger.balance to {login}",
     "revoke update (posted) on ledger.balance from {login}"),
    ("grant delete on ledger.leaf to public", "revoke delete on ledger.leaf from public"),
    ("grant delete on claim to {login}", "revoke delete on claim from {login}"),
    ("grant truncate on card to {login}", "revoke truncate on card from {login}"),
    ("grant trigger on ledger.transfer to {login}", "revoke trigger on ledger.transfer from {login}"),
    ("create function ledger.door() returns int language sql security definer as 'select 1';"
     "revoke all on function ledger.door from public; grant execute on function ledger.door to {login}",
     "drop function ledger.door"),
    ("grant create on schema ledger to {login}", "revoke create on schema ledger from {login}"),
    ("grant create on schema public to public", "revoke create on schema public from public"),
    ("alter table supermarket owner to {login}", "alter table supermarket owner to {owner}"),
    ("alter function ledger.utc owner to {login}", "alter function ledger.utc owner to {owner}"),
    ("alter database {town} owner to {login}", "alter database {town} owner to {owner}"),
    ("grant set on parameter session_replication_role to {login}",
     "revoke set on parameter session_replication_role from {login}"),
]  # fmt: skip


@pytest.mark.parametrize(("granted", "revoked"), POWERS, ids=[power[0][:40] for power in POWERS])
async def test_a_login_that_could_do_more_is_not_served_by(
    settled: LiveTown, own: OwnServer, tmp_path: Path, granted: str, revoked: str
) -> None:
    names = {"login": LOGIN, "owner": OWNER, "town": TOWN}
    await own.administer(granted.format(**names), database=TOWN)
    try:
        with pytest.raises(Refused, match="权限太大") as refusal:
            async with open_services(_access(settled.clone, tmp_path), TravelClock(NOW)):
                pass
        assert refusal.value.code == ErrorCode.DATABASE_LOGIN
    finally:
        await own.administer(revoked.format(**names), database=TOWN)


async def test_whoever_steps_out_of_the_role_has_no_more_than_it(town: LiveTown) -> None:
    async with town.town.unit_of_work() as uow:
        for step in ("reset role", "set role none", "reset all"):
            await uow.session.execute(text(step))
            for table in ("ledger.transfer", "ledger.balance"):
                writes = text(f"select has_any_column_privilege('{table}', 'insert, update')")
                assert not await uow.session.scalar(writes)
        assert await uow.session.scalar(text("select session_user")) == LOGIN


async def test_the_owner_serves_nothing_and_a_stranger_neither(
    settled: LiveTown, own: OwnServer, tmp_path: Path
) -> None:
    for login in (OWNER, "postgres"):
        clone = replace(settled.clone, app=own.clone(TOWN, login).app)
        for words in (("serve", "--port", "0"), ("verify",), ("report",)):
            assert "权限太大" in one_sentence(await jimei_beside(*words, url=clone))
    await own.administer(f"create role stranger login password '{PASSWORD}'")
    said = one_sentence(await jimei_beside("verify", url=own.clone(TOWN, "stranger")))
    assert "grant jimei_app to stranger" in said
    wrong = settled.clone.app.set(password="another")
    assert "用户和密码" in one_sentence(await jimei_beside("verify", url=wrong))


async def test_the_first_host_that_can_write_is_the_one(settled: LiveTown, own: OwnServer, tmp_path: Path) -> None:
    """Whatever the others are: not there, or a standby."""
    standby = OwnServer(own.folder.parent / "standby", own.user)
    own.user.make_private(standby.folder)
    source = own.url("postgres", "postgres").render_as_string(hide_password=False)
    own.run(
        "pg_basebackup", "--pgdata", str(standby.cluster), "-d", source, "-R", "--checkpoint=fast", "--no-sync"
    )
    standby.start()
    try:
        login = f"{LOGIN}:{PASSWORD.replace(' ', '%20')}"
        hosts = f"127.0.0.1:1,127.0.0.1:{standby.port},127.0.0.1:{own.port}"
        several = replace(settled.clone, app=parse_address(f"postgresql://{login}@{hosts}/{TOWN}", "URL"))
        async with open_services(_access(several, tmp_path), TravelClock(NOW)) as services:
            await services.database.require_writable()
        alone = replace(settled.clone, app=settled.clone.app.set(port=standby.port))
        assert "连不上数据库" in one_sentence(await jimei_beside("report", url=alone))
    finally:
        standby.stop()


async def test_a_server_that_turns_read_only_is_busy_until_it_writes_again(town: LiveTown, own: OwnServer) -> None:
    # Another test may have left all points of the household with the till.
    await town.award("hp-1", 5)
    id, shift = uuid7(), await town.shift()
    async with town.device(shift) as device:
        sold = order(town.card, ("soap", 1, 5))
        await _reload(own, "alter system set default_transaction_read_only = on")
        try:
            for _ in range(3):
                answer = await device.put(a_redemption(id), json=sold)
                problem(answer, 503, "busy")
                assert int(answer.headers["Retry-After"]) > 0
            assert (await device.get("/readyz")).status_code == 503
            assert (await device.get("/healthz")).status_code == 200
        finally:
            await _reload(own, "alter system reset default_transaction_read_only")
        assert (await device.get("/readyz")).text == "ok"
        assert (await device.put(a_redemption(id), json=sold)).status_code == 200


async def test_a_commit_that_waits_for_a_standby_is_given_up_and_counts_once(
    town: LiveTown, own: OwnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "COMMIT_TIMEOUT", 0.3)
    monkeypatch.setattr(engine, "DOUBTFUL_COMMIT_TIMEOUT", 0.3)
    # Another test may have left all points of the household with the till.
    await town.award("hp-1", 5)
    id, shift = uuid7(), await town.shift()
    async with town.device(shift) as device:
        before = (await device.get(f"/v1/cards/{town.card}")).json()["balance"]
        sold = order(town.card, ("soap", 1, 5))
        await _reload(own, "alter system set synchronous_standby_names = 'gone'")
        try:
            # Nor is it answered by what is on this server alone.
            for _ in range(3):
                problem(await device.put(a_redemption(id), json=sold), 503, "busy")
            assert (await device.get("/readyz")).status_code == 503
        finally:
            await _reload(own, "alter system reset synchronous_standby_names")
        for _ in range(2):
            assert (await device.put(a_redemption(id), json=sold)).status_code == 200
        assert (await device.get("/readyz")).text == "ok"
        assert (await device.get(f"/v1/cards/{town.card}")).json()["balance"] == before - 5
    assert await rows(town, f"select count(*) from redemption where id = '{id}'") == [(1,)]


async def test_a_server_that_stops_answering_is_given_up(
    settled: LiveTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_MARGIN", 0.2)
    database = Database(settled.clone.app, statement_timeout=0.1)
    stopped = 0

    async def ask() -> None:
        nonlocal stopped
        async with database.begin() as session:
            stopped = int(await session.scalar(text("select pg_backend_pid()")) or 0)
            os.kill(stopped, signal.SIGSTOP)
            await session.execute(text("select 1"))

    try:
        with pytest.raises(DatabaseAway):
            await ask()
        # The next one gets another connection.
        await database.require_writable()
    finally:
        os.kill(stopped, signal.SIGCONT)
        await database.close()


@pytest.mark.parametrize(
    ("taken", "given"),
    [(f"revoke jimei_app from {LOGIN}", f"grant jimei_app to {LOGIN}"),
     (f"revoke connect on database {TOWN} from public", f"grant connect on database {TOWN} to public"),
     (f"alter role {LOGIN} nologin", f"alter role {LOGIN} login"),
     (f"alter role {LOGIN} password 'another'", f"alter role {LOGIN} password '{PASSWORD}'")],
)  # fmt: skip
async def test_a_login_that_is_let_in_no_more_is_busy_until_it_is(
    town: LiveTown, own: OwnServer, taken: str, given: str
) -> None:
    """What is open goes on; it is new connections that are refused."""
    async with httpx.AsyncClient(base_url=town.url) as http:
        assert (await http.get("/readyz")).text == "ok"
        await own.administer(taken)
        try:
            await own.administer(
                f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{TOWN}'"
            )
            assert (await http.get("/readyz")).text == "away"
            for page in (f"/c/{town.card}", "/v1/seals/heads"):
                answer = await http.get(page)
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        finally:
            await own.administer(given)
        assert (await http.get("/readyz")).text == "ok"
        assert (await http.get(f"/c/{town.card}")).status_code == 200


@pytest.mark.parametrize("options", ["-c role=postgres", "-c nonsense=1", "-c jit=perhaps", "-c fsync=off"])
async def test_options_that_the_server_does_not_take_are_told(
    settled: LiveTown, own: OwnServer, options: str
) -> None:
    app = parse_address(f"{own.url(LOGIN, TOWN).render_as_string(False)}?options={quote(options)}", "X")
    with pytest.raises(Refused, match="请检查 JIMEI_DATABASE_URL"):
        async with open_services(Access(None, app, settled.town.data, embedded=False), TravelClock(NOW)):
            pass


@pytest.mark.parametrize("options", ["-c role=none -c jit=on", "-c statement_timeout=1 -c synchronous_commit=off"])
async def test_options_undo_nothing_of_ours(settled: LiveTown, own: OwnServer, options: str) -> None:
    database = Database(
        parse_address(f"{own.url(LOGIN, TOWN).render_as_string(False)}?options={quote(options)}", "X")
    )
    async with database.begin() as session:
        names = ("role", "jit", "statement_timeout", "synchronous_commit")
        found = [await session.scalar(text(f"show {name}")) for name in names]
    assert found == ["jimei_app", "off", "1min", "on"]
    await database.close()


async def test_a_pooler_is_refused_by_name() -> None:
    """As PgBouncer answers a connection that begins with settings it doesn't know."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            size = int.from_bytes(await reader.readexactly(4))
            if (await reader.readexactly(size - 4)).startswith(SSL_REQUEST):
                writer.write(b"N")
                continue
            fields = b"SFATAL\0C08P01\0Munsupported startup parameter: jit\0\0"
            writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
            break
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as pooler:
        port = pooler.sockets[0].getsockname()[1]
        said = one_sentence(await jimei_beside("verify", url=f"postgresql://u:p@127.0.0.1:{port}/db"))
    assert "PgBouncer" in said


async def test_what_a_power_cut_would_cost_is_told(settled: LiveTown) -> None:
    [risk] = await ask_database(settled.clone.app, find_risks)
    assert "fsync" in risk


async def _reload(own: OwnServer, statement: str) -> None:
    """Change a setting of the server, and wait until it is so."""
    await own.administer(statement, "select pg_reload_conf()")
    name = statement.split()[3]
    wanted = statement.partition("=")[2].strip(" '")
    async with asyncio.timeout(10):
        while True:
            shown = await own.ask(f"show {name}")
            if shown == (wanted or await own.ask(f"select boot_val from pg_settings where name = '{name}'")):
                return
