-- Restores from a backup, in the sealed books.
select;
