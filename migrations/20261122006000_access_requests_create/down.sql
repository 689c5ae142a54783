DROP TABLE approval_delegations;
DROP TABLE approval_policies;
DROP TABLE access_grant_customers;
DROP TABLE access_grants;
DROP TABLE access_request_decisions;
DROP TABLE access_request_customers;
DROP TABLE access_requests;
