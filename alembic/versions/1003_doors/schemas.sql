-- In databases that began before PostgreSQL 15 everybody may create in it, and the books' functions would look there.
revoke create on schema public from public;
