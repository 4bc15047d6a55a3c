-- A text and a decision are written once. Of a decision only what became of it changes; `alone` is history's.
grant select on rulebook_adoption, rulebook_draft, rulebook_draft_text to jimei_app;
grant insert (township, id, village, version, effective_from, body, meeting, decided_on, present, proposed_by,
              proposed_at) on rulebook_adoption to jimei_app;
grant update (confirmed_by, confirmed_at, refused_by, refused_at, refusal, withdrawn_by, withdrawn_at, withdrawal)
    on rulebook_adoption to jimei_app;
grant insert on rulebook_draft, rulebook_draft_text to jimei_app;
grant update (closed_by, closed_at) on rulebook_draft to jimei_app;
