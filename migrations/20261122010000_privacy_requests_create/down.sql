DROP TABLE privacy_arrangements, privacy_calendars, privacy_settings, privacy_codes, privacy_request_events, privacy_requests;
