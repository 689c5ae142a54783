-- Expand: what was shown, asked, warned and merged of somebody is found by whom it is about, so that an erasure takes or counts it without reading what is about
-- everybody. The unique index of merges knows only those that were not undone.
CREATE INDEX notice_showings_by_customer ON notice_showings (organization_id, customer_id);
CREATE INDEX access_request_customers_by_customer ON access_request_customers (organization_id, customer_id);
CREATE INDEX retention_warnings_by_customer ON retention_warnings (organization_id, customer_id);
CREATE INDEX customer_merges_by_merged ON customer_merges (organization_id, merged_id);
