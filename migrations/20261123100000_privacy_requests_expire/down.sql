REVOKE DELETE ON privacy_requests, privacy_request_events, rights_exchanges FROM custodian_server;
COMMENT ON TABLE privacy_requests IS 'No reference to customers: the log of requests outlives the person''s data. Never deleted by the server.';
DROP INDEX privacy_requests_repeated;
DROP INDEX privacy_requests_ended;
