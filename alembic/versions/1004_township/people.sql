-- Invitations, sessions, relatives, duties and the end of service.
select;
