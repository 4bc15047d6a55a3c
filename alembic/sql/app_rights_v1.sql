-- The application's own tables: rows are added and, where a state changes, updated; nothing is deleted.
grant usage on schema public to jimei_app;
grant select, insert on all tables in schema public to jimei_app;
grant update (failures, locked_until, password_hash) on person to jimei_app;
grant update (expires_at) on sign_in_token to jimei_app;
grant update (revoked_at) on card to jimei_app;
grant update (failures, locked_until, revoked_at) on kiosk to jimei_app;
grant update (closed_at) on shift to jimei_app;
grant update (price, name) on product to jimei_app;
grant update (status, reviewed_by, reviewed_at, approved_by, approved_at, notice_until, refused_by, refused_at,
              refusal) on claim to jimei_app;
-- Locking a row needs the right to update something of it: a household while its limits are counted, a
-- supermarket while a PIN is chosen.
grant update (name) on supermarket to jimei_app;
grant update (head, people, grid) on household to jimei_app;
revoke all on alembic_version from jimei_app;
grant select on alembic_version to jimei_app;
