-- How households change: every change with its day, person and reason.
select;
