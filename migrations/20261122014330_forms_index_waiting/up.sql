-- Expand: what was sent by forms and waits for somebody's word is found for the inbox of each.
CREATE INDEX form_submissions_waiting ON form_submissions (organization_id, id) WHERE state = 'proposed';
