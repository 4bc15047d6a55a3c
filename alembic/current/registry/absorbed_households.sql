-- The codes of all households that one has taken in by mergers, however many in turn.
create function absorbed_households(p_township integer, p_household uuid)
returns setof text language sql stable parallel safe set search_path = public, pg_temp as $$
    with recursive absorbed as (
        select h.id, h.code from household h where h.township = p_township and h.merged_into = p_household
        union all
        select h.id, h.code
          from absorbed a
          join household h on h.township = p_township and h.merged_into = a.id
    )
    select a.code from absorbed a
$$;
revoke all on function absorbed_households from public;
grant execute on function absorbed_households to jimei_app;
