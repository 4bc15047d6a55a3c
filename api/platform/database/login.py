"""What a server and a login have to be before the application works with them.

The application signs in by a login of its own that may become its role, which has no right to write the books.
What a login could do beyond that would be one `reset role` away.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from api.platform.database.connect import SESSION
from api.platform.database.embedded import APP
from api.platform.errors import ErrorCode, Refused

_OLDEST = 15


def require_supported(connection: Connection) -> None:
    """Raises Refused: database-unsupported."""
    server = connection.execute(text(_SERVER)).one()
    if server.version < _OLDEST * 10_000:
        raise Refused(
            ErrorCode.DATABASE_UNSUPPORTED, f"PostgreSQL 的版本太旧，要 {_OLDEST} 或更新的：现在是 {server.name}。"
        )
    if server.encoding != "UTF8":
        raise Refused(
            ErrorCode.DATABASE_UNSUPPORTED,
            f"数据库的编码是 {server.encoding}，存不下所有的字：请另建一个编码为 UTF8 的库。",
        )
    if server.search_path != SESSION["search_path"]:
        raise Refused(
            ErrorCode.DATABASE_UNSUPPORTED,
            "连接池（如 PgBouncer）丢掉了本程序的设置：请把地址改成直接连 PostgreSQL 的。",
        )
    if server.replica != "origin":
        raise Refused(
            ErrorCode.DATABASE_UNSUPPORTED,
            "session_replication_role 不是 origin，账本的约束不起作用：请为这个库和登录 reset 这项设置。",
        )


def become_application(connection: Connection) -> None:
    """Take the application's role for this transaction, by a login that could not do more without it.

    Raises Refused: database-unsupported; database-version, before the first migration; database-login.
    """
    require_supported(connection)
    if not connection.execute(text(_ROLE_EXISTS), {"app": APP}).scalar_one():
        raise Refused(ErrorCode.DATABASE_VERSION, "数据库还没有升级到本程序的版本，请先运行 jimei migrate。")
    login = connection.execute(text(_LOGIN), {"app": APP}).one()
    powers = {
        "是超级用户，或能成为超级用户": login.superuser,
        "能建角色、绕过行的权限、复制整个库或在服务器上读写文件": login.powerful,
        "是数据库或其中的表、函数的主人，或能成为主人": login.owner,
        "能不经过程序的函数写表或改表": login.writer,
        "能在程序的模式里建东西": login.creator,
        "能关掉账本的约束": login.unconstrained,
    }
    if found := [power for power, present in powers.items() if present]:
        raise Refused(
            ErrorCode.DATABASE_LOGIN,
            f"登录用户 {login.name} 权限太大（{'；'.join(found)}），账本会失去保护：请给程序另建一个登录"
            f"（create role 名字 login password '…' in role {APP}），用它的地址作 JIMEI_DATABASE_URL，"
            "主人的地址只作 JIMEI_DATABASE_OWNER_URL。",
        )
    try:
        connection.execute(text(f"set local role {APP}"))
    except DBAPIError:
        raise Refused(
            ErrorCode.DATABASE_LOGIN,
            f"登录用户 {login.name} 还没有程序的权限：请以数据库主人执行 grant {APP} to {login.name}。",
        ) from None


def find_risks(connection: Connection) -> list[str]:
    """Sentences on what would lose or spoil the books in a power cut, which no connection can change."""
    risks = {"fsync": "写盘（fsync）", "full_page_writes": "整页写入（full_page_writes）"}
    found = connection.execute(text(_RISKS), {"names": list(risks)}).scalars()
    return [
        f"注意：数据库关掉了{risks[name]}，断电时可能丢账或损坏，请在 postgresql.conf 里打开。" for name in found
    ]


_SERVER = """
    select current_setting('server_version_num')::integer as version, current_setting('server_version') as name,
           current_setting('server_encoding') as encoding, current_setting('search_path') as search_path,
           current_setting('session_replication_role') as replica
"""

_ROLE_EXISTS = "select exists (select from pg_roles where rolname = :app)"

_RISKS = "select name from pg_settings where name = any (:names) and setting = 'off' order by name"

# Whatever the login is a member of counts, inherited or not: it may become it. What the application's own role has
# doesn't count, but in the books, where nobody writes but the functions.
_LOGIN = """
    with role as (select r.* from pg_roles r where pg_has_role(session_user, r.oid, 'member')),
         schema as (select oid, nspname, nspowner from pg_namespace where nspname in ('ledger', 'public')),
         relation as (select c.oid, c.relowner, s.nspname, c.relkind
                        from pg_class c join schema s on s.oid = c.relnamespace
                       where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')),
         routine as (select p.oid, p.proowner, p.prosecdef from pg_proc p join schema s on s.oid = p.pronamespace)
    select session_user as name,
           exists (select from role where rolsuper) as superuser,
           exists (select from role
                    where rolcreaterole or rolbypassrls or rolreplication
                       or rolname in ('pg_write_all_data', 'pg_execute_server_program', 'pg_read_server_files',
                                      'pg_write_server_files')) as powerful,
           exists (select from role where oid in (
               select nspowner from schema union all select relowner from relation
               union all select proowner from routine
               union all select datdba from pg_database where datname = current_database())) as owner,
           exists (select from role, relation t, unnest(array['delete', 'truncate', 'references', 'trigger']) p
                    where t.relkind <> 'S' and has_table_privilege(role.oid, t.oid, p)
                      and (t.nspname = 'ledger' or not has_table_privilege(:app, t.oid, p)))
        or exists (select from role, relation t, pg_attribute a, unnest(array['insert', 'update']) p
                    where t.relkind <> 'S' and a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
                      and has_column_privilege(role.oid, t.oid, a.attnum, p)
                      and (t.nspname = 'ledger' or not has_column_privilege(:app, t.oid, a.attnum, p)))
        or exists (select from role, routine f
                    where f.prosecdef and has_function_privilege(role.oid, f.oid, 'execute')
                      and not has_function_privilege(:app, f.oid, 'execute')) as writer,
           exists (select from role, schema s where has_schema_privilege(role.oid, s.oid, 'create')) as creator,
           exists (select from role
                    where has_parameter_privilege(role.oid, 'session_replication_role', 'set')) as unconstrained
"""
