-- A moment as the records tell it, whatever the session's time zone and style of dates.
create function ledger.utc(p_at timestamptz) returns text language sql stable parallel safe as $$
    select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
revoke all on function ledger.utc from public;
grant execute on function ledger.utc to jimei_app;
