DROP TRIGGER customers_note_opt_outs ON opt_outs;
DROP FUNCTION customers_note_opt_outs(), purposes_stopped(uuid, uuid), ended_by_opt_out(uuid, uuid, text, timestamptz);
ALTER TABLE customers DROP COLUMN had_opt_outs;
