-- Expand: the log of requests ends. What ended longer ago than it is kept goes, with everything that was said in it and told of it.
CREATE INDEX privacy_requests_ended ON privacy_requests (organization_id, closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX privacy_requests_repeated ON privacy_requests (organization_id, duplicate_of) WHERE duplicate_of IS NOT NULL;
COMMENT ON TABLE privacy_requests IS 'No reference to customers: the log of requests outlives the person''s data. A request goes 24 months after it ended, unless a legal hold keeps it.';
GRANT DELETE ON privacy_requests, privacy_request_events, rights_exchanges TO custodian_server;
