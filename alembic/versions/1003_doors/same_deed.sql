-- Why a deed was declared although the household had a claim for it on that day.
alter table claim add column again text not null default '';
