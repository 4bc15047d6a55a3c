-- The codes of all that is one household with this one by mergers, itself among them.
create function same_household(p_township integer, p_code text)
returns setof text language sql stable parallel safe set search_path = public, pg_temp as $$
    with remaining as (
        select remaining_household(h.township, h.id) as id from household h
         where h.township = p_township and h.code = p_code
    )
    select h.code from remaining r join household h on h.township = p_township and h.id = r.id
    union all
    select a from remaining r cross join absorbed_households(p_township, r.id) a
$$;
revoke all on function same_household from public;
grant execute on function same_household to jimei_app;
