DROP FUNCTION audit_refuse_change() CASCADE;
