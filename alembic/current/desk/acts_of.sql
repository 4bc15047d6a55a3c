-- The acts that a row tells of, as rows of `ledger.act`: one function for each table whose rows name who did
-- something. The person is the id of a person or an attendant; whatever a household did itself is no act, and what two
-- people did together is told by its proposal. A claim whose rule is kept from publication is told by its id alone.

create function acts_of(r claim) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.kind, r.id), t.kind, t.person::text, r.village, 'claim:' || r.id,
           case when r.published then concat(r.rule, ' ', r.points) else '' end, t.reason, t.acted_at, null::bigint
      from (values ('claim-declared', r.declared_by, '', r.declared_at),
                   ('claim-returned', r.returned_by, r.return_reason, r.returned_at),
                   ('claim-withdrawn', r.declared_by, '', r.withdrawn_at)) t (kind, person, reason, acted_at)
     where t.person is not null and t.acted_at is not null
$$;

create function acts_of(r claim_vote) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.kind, r.claim, r.person), t.kind, r.person::text, c.village,
           'claim:' || r.claim, case when c.published then concat(c.rule, ' ', c.points) else '' end,
           r.reason, r.voted_at, null::bigint
      from claim c
     cross join lateral (select case when r.approves then 'claim-supported' else 'claim-opposed' end as kind) t
     where c.township = r.township and c.id = r.claim
$$;

create function acts_of(r claim_recusal) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'claim-recused', r.claim, r.place, r.person), 'claim-recused', r.person::text,
           c.village, 'claim:' || r.claim, r.ground, '', r.recused_at, null::bigint
      from claim c where c.township = r.township and c.id = r.claim
$$;

create function acts_of(r held_decision) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'decision-undone', r.id), 'decision-undone', r.person::text, c.village,
           'claim:' || r.claim, r.act, r.reason, r.undone_at, null::bigint
      from claim c where c.township = r.township and c.id = r.claim and r.undone_at is not null
$$;

create function acts_of(r own_declaration) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'own-declaration-decided', r.id), 'own-declaration-' || r.status,
           r.decided_by::text, h.village, 'household:' || h.code, '', r.reason, r.decided_at, null::bigint
      from household h
     where h.township = r.township and h.id = r.household and r.decided_by is not null
$$;

create function acts_of(r objection) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.step, r.id), t.kind, t.person::text, c.village, 'claim:' || r.claim,
           t.detail, t.reason, t.acted_at, null::bigint
      from claim c
     cross join lateral (
           values ('objection-taken', 'objection-taken', r.taken_by, r.way, '', r.raised_at),
                  ('objection-ended', 'objection-' || r.outcome, r.ended_by, '', r.reason, r.ended_at)
           ) t (step, kind, person, detail, reason, acted_at)
     where c.township = r.township and c.id = r.claim and t.person is not null
$$;

create function acts_of(r draw) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'draw-opened', t.draw), 'draw-opened', r.opened_by::text, r.village,
           'draw:' || t.draw, concat(r.percent, '%'), '', r.opened_at, null::bigint
      from (values (concat_ws(' ', r.village, to_char(r.month, 'YYYY-MM')))) t (draw)
$$;

create function acts_of(r draw_dice) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'dice-typed', t.draw), 'dice-typed', r.typed_by::text, r.village,
           'draw:' || t.draw, r.dice, r.meeting, r.typed_at, null::bigint
      from (values (concat_ws(' ', r.village, to_char(r.month, 'YYYY-MM')))) t (draw)
$$;

create function acts_of(r visit) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'claim-visited', r.id), 'visit-' || r.outcome, r.visited_by::text, c.village,
           'claim:' || r.claim, to_char(r.visited_on, 'YYYY-MM-DD'), r.reason, r.recorded_at, null::bigint
      from claim c where c.township = r.township and c.id = r.claim
$$;

create function acts_of(r card) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.kind, encode(r.digest, 'hex')), t.kind, t.person::text, h.village,
           'household:' || h.code, t.detail, '', t.acted_at, null::bigint
      from household h
     cross join lateral (
           values ('card-issued', case when r.proposal is null then r.issued_by end, '', r.issued_at),
                  ('card-revoked', r.revoked_by, coalesce(r.revoked_reason, ''), r.revoked_at)
           ) t (kind, person, detail, acted_at)
     where h.township = r.township and h.id = r.household and t.person is not null and t.acted_at is not null
$$;

create function acts_of(r card_event) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'card-event', r.id), 'card-' || r.kind, coalesce(r.person, r.attendant)::text,
           h.village, 'household:' || h.code, '', r.reason, r.recorded_at, null::bigint
      from card c
      join household h on h.township = c.township and h.id = c.household
     where c.township = r.township and c.digest = r.card and coalesce(r.person, r.attendant) is not null
$$;

create function acts_of(r card_pin_reset) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'card-pin-reset', r.id), 'card-pin-reset', r.person::text, h.village,
           'household:' || h.code, '', r.reason, r.recorded_at, null::bigint
      from card c
      join household h on h.township = c.township and h.id = c.household
     where c.township = r.township and c.digest = r.card
$$;

create function acts_of(r household_change) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'household-changed', r.id), 'household-' || r.kind, r.person::text, h.village,
           'household:' || h.code, '', r.reason, r.recorded_at, null::bigint
      from household h
     where h.township = r.township and h.id = r.household and r.confirmed_by is null
$$;

create function acts_of(r register_upload) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'register-written', r.id), 'register-written', r.confirmed_by::text, '',
           'upload:' || r.id, r.name, r.reason, r.confirmed_at, null::bigint
     where r.done_at is not null
$$;

create function acts_of(r person_change) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'person-changed', r.id), 'person-' || r.kind, r.changed_by::text,
           coalesce(p.village, ''), 'person:' || r.person, '', r.reason, r.changed_at, null::bigint
      from person p
     where p.township = r.township and p.id = r.person and r.changed_by is not null and r.confirmed_by is null
$$;

create function acts_of(r attendant_change) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'attendant-changed', r.id), 'attendant-' || r.kind, r.person::text, s.village,
           'attendant:' || r.attendant, '', r.reason, r.changed_at, null::bigint
      from attendant a
      join supermarket s on s.township = a.township and s.code = a.supermarket
     where a.township = r.township and a.id = r.attendant
$$;

create function acts_of(r supermarket_change) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'supermarket-changed', r.id), 'supermarket-changed', r.person::text, s.village,
           'supermarket:' || r.supermarket, r.name, '', r.changed_at, null::bigint
      from supermarket s where s.township = r.township and s.code = r.supermarket
$$;

create function acts_of(r price_change) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'price-changed', r.id), 'price-changed', r.person::text, '',
           'product:' || r.product, concat(r.before, ' → ', r.after), '', r.changed_at, null::bigint
     where r.confirmed_by is null
$$;

create function acts_of(r price_rate) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'price-rate-set', r.id), 'price-rate-set', r.person::text, '', 'township:',
           r.fen::text, '', r.since, null::bigint
$$;

create function acts_of(r township_defaults) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'defaults-set', r.id), 'defaults-set', r.set_by::text, '', 'township:', '', '',
           r.since, null::bigint
     where r.proposal is null
$$;

create function acts_of(r proposal) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.step, r.id), t.kind, t.person::text, coalesce(r.village, ''),
           'proposal:' || r.id, r.what, t.reason, t.acted_at, null::bigint
      from (values ('proposed', 'proposed', coalesce(r.person, r.attendant), '', r.proposed_at),
                   ('proposal-closed',
                    case when r.confirmed then 'proposal-confirmed'
                         when coalesce(r.closing_person, r.closing_attendant) = coalesce(r.person, r.attendant)
                             then 'proposal-withdrawn'
                         else 'proposal-refused' end,
                    coalesce(r.closing_person, r.closing_attendant), r.reason, r.closed_at)
           ) t (step, kind, person, reason, acted_at)
     where t.person is not null and t.acted_at is not null
$$;

create function acts_of(r rulebook) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'rulebook-written', r.version), 'rulebook-written', r.written_by::text, r.village,
           'rulebook:' || r.version, r.title, '', r.written_at, null::bigint
$$;

create function acts_of(r rulebook_adoption) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.kind, r.id), t.kind, t.person::text, r.village, 'rulebook:' || r.version,
           r.meeting, t.reason, t.acted_at, null::bigint
      from (values ('adoption-proposed', r.proposed_by, '', r.proposed_at),
                   ('adoption-confirmed', r.confirmed_by, '', r.confirmed_at),
                   ('adoption-refused', r.refused_by, r.refusal, r.refused_at),
                   ('adoption-withdrawn', r.withdrawn_by, r.withdrawal, r.withdrawn_at)
           ) t (kind, person, reason, acted_at)
     where t.person is not null
$$;

create function acts_of(r rulebook_concern) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'concern-ticked', r.adoption, r.rule), 'concern-ticked', r.ticked_by::text,
           a.village, 'rulebook:' || a.version, r.rule, '', r.ticked_at, null::bigint
      from rulebook_adoption a where a.township = r.township and a.id = r.adoption
$$;

create function acts_of(r kiosk_enrolment) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'enrolment-ended', r.kiosk, r.epoch), 'enrolment-ended', r.ended_by::text,
           s.village, 'kiosk:' || r.kiosk, k.name, r.reason, r.ended_at, null::bigint
      from kiosk k
      join supermarket s on s.township = k.township and s.code = k.supermarket
     where k.township = r.township and k.id = r.kiosk and r.ended_by is not null
$$;

create function acts_of(r kiosk_journal_entry) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'exception-decided', r.kiosk, r.epoch, r.number, encode(r.hash, 'hex')),
           'exception-decided', r.decided_by::text, s.village, 'kiosk:' || r.kiosk, r.decision, r.reason,
           r.decided_at, null::bigint
      from kiosk k
      join supermarket s on s.township = k.township and s.code = k.supermarket
     where k.township = r.township and k.id = r.kiosk and r.decided_by is not null
$$;

create function acts_of(r goods_receipt) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.step, r.id), t.kind, t.person::text, s.village,
           'supermarket:' || r.supermarket, '', t.reason, t.acted_at, null::bigint
      from supermarket s
     cross join lateral (
           values ('goods-received', 'goods-received', coalesce(r.person, r.attendant), '', r.written_at),
                  ('goods-receipt-closed',
                   case when r.counted is null then 'goods-receipt-withdrawn' else 'goods-counted' end,
                   coalesce(r.closing_person, r.closing_attendant), r.reason, r.closed_at)
           ) t (step, kind, person, reason, acted_at)
     where s.township = r.township and s.code = r.supermarket and t.person is not null and t.acted_at is not null
$$;

create function acts_of(r stocktake) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'stock-taken', r.id), 'stock-taken', coalesce(r.person, r.attendant)::text,
           s.village, 'supermarket:' || r.supermarket, '', '', r.recorded_at, null::bigint
      from supermarket s where s.township = r.township and s.code = r.supermarket
$$;

create function acts_of(r restocking) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'goods-restocked', r.id), 'goods-restocked', coalesce(r.person, r.attendant)::text,
           s.village, 'supermarket:' || r.supermarket, '', '', x.recorded_at, null::bigint
      from supermarket s
      join ledger.transaction x on x.township = r.township and x.id = r.id and not x.metadata ? 'confirmed_by'
     where s.township = r.township and s.code = r.supermarket
$$;

create function acts_of(r donation) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'goods-donated', r.id), 'goods-donated', coalesce(r.person, r.attendant)::text,
           s.village, 'supermarket:' || r.supermarket, '', '', x.recorded_at, null::bigint
      from supermarket s
      join ledger.transaction x on x.township = r.township and x.id = r.id and not x.metadata ? 'confirmed_by'
     where s.township = r.township and s.code = r.supermarket
$$;

create function acts_of(r funding) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'fund-paid', r.id), 'fund-paid', r.person::text, '', 'township:', r.note, '',
           x.recorded_at, null::bigint
      from ledger.transaction x
     where x.township = r.township and x.id = r.id and not x.metadata ? 'confirmed_by'
$$;

create function acts_of(r redemption_void) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', 'redemption-voided', r.id), 'redemption-voided', r.attendant::text, s.village,
           'kiosk:' || r.kiosk, k.name, r.reason, r.recorded_at, null::bigint
      from kiosk k
      join supermarket s on s.township = k.township and s.code = k.supermarket
     where k.township = r.township and k.id = r.kiosk
$$;

create function acts_of(r identification) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.kind, r.id), t.kind, t.person::text, h.village, 'household:' || h.code,
           k.name, '', r.identified_at, null::bigint
      from household h
      join kiosk k on k.township = r.township and k.id = r.kiosk
     cross join lateral (values ('household-identified', r.attendant),
                                ('household-vouched', r.witness)) t (kind, person)
     where h.township = r.township and h.id = r.household and t.person is not null
$$;

create function acts_of(r freeze_order) returns setof ledger.act language sql stable as $$
    select r.township, concat_ws(' ', t.step, r.id), concat_ws('-', r.kind, t.step), t.person::text,
           coalesce(h.village, s.village, p.village, r.village, ''),
           case r.kind when 'rule' then 'rule:' || r.rule when 'card' then 'household:' || h.code
                       when 'kiosk' then 'kiosk:' || r.kiosk else 'person:' || r.person end,
           t.detail, t.reason, t.acted_at, null::bigint
      from (values ('stopped', r.frozen_by, coalesce(to_char(r.ends_on, 'YYYY-MM-DD'), ''), r.reason, r.frozen_at),
                   ('released', r.lifted_by, '', r.lift_reason, r.lifted_at)
           ) t (step, person, detail, reason, acted_at)
      left join card c on c.township = r.township and c.digest = r.card
      left join household h on h.township = r.township and h.id = c.household
      left join kiosk k on k.township = r.township and k.id = r.kiosk
      left join supermarket s on s.township = r.township and s.code = k.supermarket
      left join person p on p.township = r.township and p.id = r.person
     where t.person is not null
$$;

do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select p.oid from pg_proc p where p.proname = 'acts_of' and p.pronamespace = 'public'::regnamespace
    loop
        execute format('revoke all on function %s from public', v_function);
        execute format('grant execute on function %s to jimei_app', v_function);
    end loop;
end $$;
