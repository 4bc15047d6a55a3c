-- What all tables tell now of who did what; the same as `ledger.act` unless somebody has changed either.
create view told_act as
    select a.* from claim r cross join lateral acts_of(r) a
    union all select a.* from claim_vote r cross join lateral acts_of(r) a
    union all select a.* from claim_recusal r cross join lateral acts_of(r) a
    union all select a.* from held_decision r cross join lateral acts_of(r) a
    union all select a.* from own_declaration r cross join lateral acts_of(r) a
    union all select a.* from objection r cross join lateral acts_of(r) a
    union all select a.* from draw r cross join lateral acts_of(r) a
    union all select a.* from draw_dice r cross join lateral acts_of(r) a
    union all select a.* from visit r cross join lateral acts_of(r) a
    union all select a.* from card r cross join lateral acts_of(r) a
    union all select a.* from card_event r cross join lateral acts_of(r) a
    union all select a.* from card_pin_reset r cross join lateral acts_of(r) a
    union all select a.* from household_change r cross join lateral acts_of(r) a
    union all select a.* from register_upload r cross join lateral acts_of(r) a
    union all select a.* from person_change r cross join lateral acts_of(r) a
    union all select a.* from attendant_change r cross join lateral acts_of(r) a
    union all select a.* from supermarket_change r cross join lateral acts_of(r) a
    union all select a.* from price_change r cross join lateral acts_of(r) a
    union all select a.* from price_rate r cross join lateral acts_of(r) a
    union all select a.* from township_defaults r cross join lateral acts_of(r) a
    union all select a.* from proposal r cross join lateral acts_of(r) a
    union all select a.* from rulebook r cross join lateral acts_of(r) a
    union all select a.* from rulebook_adoption r cross join lateral acts_of(r) a
    union all select a.* from rulebook_concern r cross join lateral acts_of(r) a
    union all select a.* from kiosk_enrolment r cross join lateral acts_of(r) a
    union all select a.* from kiosk_journal_entry r cross join lateral acts_of(r) a
    union all select a.* from goods_receipt r cross join lateral acts_of(r) a
    union all select a.* from stocktake r cross join lateral acts_of(r) a
    union all select a.* from restocking r cross join lateral acts_of(r) a
    union all select a.* from donation r cross join lateral acts_of(r) a
    union all select a.* from funding r cross join lateral acts_of(r) a
    union all select a.* from redemption_void r cross join lateral acts_of(r) a
    union all select a.* from identification r cross join lateral acts_of(r) a
    union all select a.* from freeze_order r cross join lateral acts_of(r) a;
grant select on told_act to jimei_app;
