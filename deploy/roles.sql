-- The database roles of a production cluster, and the database. Run once as a superuser, before `custodian migrate`:
--
--     psql -d postgres -v database=custodian -f deploy/roles.sql
--     psql -d postgres -c '\password custodian_owner'      and the same for custodian_app and custodian_backup
--
-- custodian_server  holds the server's rights; nobody logs in as it. Migrations grant to it table by table.
-- custodian_owner   owns the tables: `custodian migrate` and `custodian org` use it, the running server never does.
-- custodian_app     what `custodian serve` logs in as. No DDL, no BYPASSRLS; on audit entries INSERT and SELECT alone.
-- custodian_backup  reads everything for dumps. Without BYPASSRLS, pg_dump ends with an error on tables under row-level security.
\set ON_ERROR_STOP on
CREATE ROLE custodian_server NOLOGIN NOSUPERUSER NOBYPASSRLS;
CREATE ROLE custodian_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
CREATE ROLE custodian_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE IN ROLE custodian_server;
CREATE ROLE custodian_backup LOGIN NOSUPERUSER BYPASSRLS NOCREATEROLE IN ROLE pg_read_all_data;
CREATE DATABASE :"database" OWNER custodian_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO custodian_app, custodian_backup;
