-- Every household has the key that it is found by, and it is its head's.
alter table household alter column search_key drop default;
alter table household add constraint household_search_key check (starts_with(search_key, head || chr(10)));
