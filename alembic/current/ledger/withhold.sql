-- Keep the openings of transactions whose metadata has a commitment to a subject, which names the bodies that may read
-- it. Each has to fit; keeping one again changes nothing.
create function ledger.withhold(p_township integer, p_items jsonb)
returns void language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
    if exists (
           select from jsonb_to_recordset(p_items) as i(transaction uuid, salt text, subject text)
             left join transaction t on t.township = p_township and t.id = i.transaction
            where t.metadata ->> 'subject' is distinct from
                  encode(sha256(decode(i.salt, 'hex') || convert_to(i.subject, 'UTF8')), 'hex')) then
        raise exception 'an opening does not fit its commitment';
    end if;
    insert into withheld (township, transaction, readers, salt, subject)
    select p_township, i.transaction, array(select jsonb_array_elements_text(i.subject::jsonb -> 'readers')),
           decode(i.salt, 'hex'), i.subject
      from jsonb_to_recordset(p_items) as i(transaction uuid, salt text, subject text)
    on conflict do nothing;
end $$;
revoke all on function ledger.withhold from public;
grant execute on function ledger.withhold to jimei_app;
