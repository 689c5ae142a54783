DROP TABLE form_sources;
DROP TABLE form_submissions;
DROP TABLE form_versions;
DROP TABLE forms;
