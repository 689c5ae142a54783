-- Expand: what recipients were told of somebody is found by whom it is about, so that an erasure takes it along without reading what is about everybody.
CREATE INDEX privacy_notifications_by_customer ON privacy_notifications (organization_id, customer_id);
