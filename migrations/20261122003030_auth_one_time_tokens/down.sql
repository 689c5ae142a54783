DROP TABLE password_reset_requests, one_time_tokens;
