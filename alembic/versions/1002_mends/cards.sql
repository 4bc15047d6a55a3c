-- Who issued a card, on whose confirmation, and who revoked it.
alter table card add column issued_by uuid;
alter table card add column revoked_by uuid;
alter table card add column valued boolean default false not null;
alter table card add column proposal uuid;
alter table card add constraint fk_card_township_issued_by
    foreign key (township, issued_by) references person (township, id);
alter table card add constraint fk_card_township_revoked_by
    foreign key (township, revoked_by) references person (township, id);
alter table card add constraint fk_card_township_proposal
    foreign key (township, proposal) references proposal (township, id);
create index ix_card_township_issued_at on card (township, issued_at);
grant update (revoked_by) on card to jimei_app;
