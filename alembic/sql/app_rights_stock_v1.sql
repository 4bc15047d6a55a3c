-- What arrived, was given or counted is written down and never changed.
grant select, insert on donation, funding, stocktake to jimei_app;
