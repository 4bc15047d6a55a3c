"""Who did what, as it was sealed, held against the rows of the application that tell it now."""

CHECKS = (
    """
        select key, case when s.kind is null then '没有记进办过的事'
                         when t.kind is null then '办过的事里有，原来的记录却不见了'
                         else '办过的事与原来的记录不符' end
          from (select * from told_act where township = :township) t
          full join (select * from ledger.act where township = :township) s using (key)
         where (t.kind, t.person, t.about, t.reason, t.acted_at)
               is distinct from (s.kind, s.person, s.about, s.reason, s.acted_at)
         order by 1""",
    # Without its triggers a table tells nothing of what is written from then on.
    """
        select r.oid::regclass::text, '这张表里办的事不再自动记下'
          from pg_proc p
          join pg_class r on r.reltype = p.proargtypes[0]
         where p.proname = 'acts_of' and p.pronamespace = 'public'::regnamespace and cast(:township as integer) > 0
           and 2 <> (select count(*) from pg_trigger t
                      where t.tgrelid = r.oid and t.tgenabled = 'O'
                        and t.tgfoid = 'public.record_acts'::regproc)
         order by 1""",
)
"""As `documents.find_undocumented` asks them: rows of (subject, message)."""
