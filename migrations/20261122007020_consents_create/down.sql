DROP TABLE consent_states;
DROP TABLE consent_events;
DROP TABLE consents;
