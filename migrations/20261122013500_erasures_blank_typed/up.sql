-- Expand: a reason that names somebody who was erased is blanked.
GRANT UPDATE (sealed_comment) ON access_request_decisions TO custodian_server;
