DROP INDEX user_roles_by_role;
DROP TABLE role_duties;
DROP TABLE roles;
