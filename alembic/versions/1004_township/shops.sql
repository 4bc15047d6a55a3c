-- Opening hours, first stock, and attendants who ended.
select;
