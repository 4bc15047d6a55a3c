-- Who serves the whole township is said, never left open; and who registered whom is kept.
alter table person add column township_wide boolean default false not null;
update person set township_wide = true where village is null;
alter table person alter column township_wide drop default;
alter table person add constraint person_scope check (township_wide = (village is null));
alter table person add column registered_by uuid;
alter table person add constraint fk_person_township_registered_by
    foreign key (township, registered_by) references person (township, id);
