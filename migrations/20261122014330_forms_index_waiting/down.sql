DROP INDEX form_submissions_waiting;
