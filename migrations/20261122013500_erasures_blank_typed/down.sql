REVOKE UPDATE (sealed_comment) ON access_request_decisions FROM custodian_server;
