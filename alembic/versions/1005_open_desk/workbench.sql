create index ix_claim_township_declared_at_id on claim (township, declared_at, id);
