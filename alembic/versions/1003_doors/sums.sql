-- The accounts without a limit add up what all households have, which may be more than a bigint holds.
-- A small table, while nobody is served.
-- squawk-ignore changing-column-type
alter table ledger.checkpoint alter column posted type numeric;
