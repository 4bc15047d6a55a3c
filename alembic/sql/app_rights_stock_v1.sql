-- What arrived, was given or counted is written down and never changed.
grant select, insert on donation, funding, stocktake to jimei_app;
revoke all on function ledger.lock_balances(integer, uuid[]) from public;
grant execute on function ledger.lock_balances(integer, uuid[]) to jimei_app;
