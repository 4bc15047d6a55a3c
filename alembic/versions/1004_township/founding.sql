-- How a township begins: the policies it was founded with.
select;
