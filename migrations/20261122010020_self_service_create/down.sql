DROP TABLE self_preferences, self_sessions, self_visit_queue, self_visits;
