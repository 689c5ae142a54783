DROP TABLE user_roles, users, departments;
