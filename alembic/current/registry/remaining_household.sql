-- The household that one has become by mergers, however many in turn; itself if it wasn't merged.
create function remaining_household(p_township integer, p_household uuid)
returns uuid language sql stable parallel safe set search_path = public, pg_temp as $$
    with recursive became as (
        select h.id, h.merged_into from household h where h.township = p_township and h.id = p_household
        union all
        select h.id, h.merged_into
          from became b
          join household h on h.township = p_township and h.id = b.merged_into
    )
    select b.id from became b where b.merged_into is null
$$;
revoke all on function remaining_household from public;
grant execute on function remaining_household to jimei_app;
