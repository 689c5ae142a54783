-- Expand: what somebody did is asked for often (`GET /v1/me/activity`) and would otherwise be looked for in the whole log.
CREATE INDEX audit_entries_by_actor ON audit_entries (organization_id, actor_id, id) WHERE actor_id IS NOT NULL;
