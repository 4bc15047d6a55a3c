-- Whatever is written into a table that tells of acts is written down as `ledger.act` in the same database
-- transaction, also by raw SQL. An act that is known stays as it was told first. Each branch is planned once a
-- connection, and only where it is used.
create function record_acts() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_acts ledger.act[];
begin
    case tg_table_name
        when 'claim' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::claim) a;
        when 'claim_vote' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::claim_vote) a;
        when 'claim_recusal' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::claim_recusal) a;
        when 'held_decision' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::held_decision) a;
        when 'own_declaration' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::own_declaration) a;
        when 'objection' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::objection) a;
        when 'draw' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::draw) a;
        when 'draw_dice' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::draw_dice) a;
        when 'visit' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::visit) a;
        when 'card' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::card) a;
        when 'card_event' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::card_event) a;
        when 'card_pin_reset' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::card_pin_reset) a;
        when 'household_change' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::household_change) a;
        when 'register_upload' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::register_upload) a;
        when 'person_change' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::person_change) a;
        when 'attendant_change' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::attendant_change) a;
        when 'supermarket_change' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::supermarket_change) a;
        when 'price_change' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::price_change) a;
        when 'price_rate' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::price_rate) a;
        when 'township_defaults' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::township_defaults) a;
        when 'proposal' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::proposal) a;
        when 'rulebook' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::rulebook) a;
        when 'rulebook_adoption' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::rulebook_adoption) a;
        when 'rulebook_concern' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::rulebook_concern) a;
        when 'kiosk_enrolment' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::kiosk_enrolment) a;
        when 'kiosk_journal_entry' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::kiosk_journal_entry) a;
        when 'goods_receipt' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::goods_receipt) a;
        when 'stocktake' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::stocktake) a;
        when 'restocking' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::restocking) a;
        when 'donation' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::donation) a;
        when 'funding' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::funding) a;
        when 'redemption_void' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::redemption_void) a;
        when 'identification' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::identification) a;
        when 'freeze_order' then
            select array_agg(a) into v_acts from written w cross join lateral acts_of(row(w.*)::freeze_order) a;
    end case;
    if v_acts is not null then
        insert into ledger.act (township, key, kind, person, scope, about, detail, reason, acted_at)
        select a.township, a.key, a.kind, a.person, a.scope, a.about, a.detail, a.reason, a.acted_at
          from unnest(v_acts) a
        on conflict do nothing;
    end if;
    return null;
end $$;
revoke all on function record_acts from public;

do $$
declare
    v_table regclass;
begin
    foreach v_table in array array[
        'claim',
        'claim_vote',
        'claim_recusal',
        'held_decision',
        'own_declaration',
        'objection',
        'draw',
        'draw_dice',
        'visit',
        'card',
        'card_event',
        'card_pin_reset',
        'household_change',
        'register_upload',
        'person_change',
        'attendant_change',
        'supermarket_change',
        'price_change',
        'price_rate',
        'township_defaults',
        'proposal',
        'rulebook',
        'rulebook_adoption',
        'rulebook_concern',
        'kiosk_enrolment',
        'kiosk_journal_entry',
        'goods_receipt',
        'stocktake',
        'restocking',
        'donation',
        'funding',
        'redemption_void',
        'identification',
        'freeze_order'
    ]::regclass[] loop
        execute format('create trigger record_acts_added after insert on %s referencing new table as written
                        for each statement execute function record_acts()', v_table);
        execute format('create trigger record_acts_changed after update on %s referencing new table as written
                        for each statement execute function record_acts()', v_table);
    end loop;
end $$;

-- What was there before.
insert into ledger.act (township, key, kind, person, scope, about, detail, reason, acted_at)
select township, key, kind, person, scope, about, detail, reason, acted_at from told_act
on conflict do nothing;
