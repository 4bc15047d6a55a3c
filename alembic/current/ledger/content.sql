-- What the caller asked for, as a digest: a retry has the same, and it can be computed again from the rows.
-- `p_effective_at` is null when the caller left it out; what settles another transaction has no transfers
-- of its own here.
create function ledger.content(p_id uuid, p_kind text, p_phase text, p_target uuid, p_person text,
                               p_reason text, p_effective_at timestamptz, p_expires_at timestamptz,
                               p_metadata jsonb, p_unit text[], p_debit uuid[], p_credit uuid[],
                               p_amount numeric[])
returns bytea language sql stable as $$
    select sha256(convert_to(jsonb_build_array(
        p_id, p_kind, p_phase, p_target, p_person, p_reason, extract(epoch from p_effective_at),
        extract(epoch from p_expires_at), p_metadata, p_unit, p_debit, p_credit, p_amount)::text, 'UTF8'))
$$;
revoke all on function ledger.content from public;
grant execute on function ledger.content to jimei_app;
