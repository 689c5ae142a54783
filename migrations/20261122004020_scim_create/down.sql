DROP TABLE scim_users, scim_tokens;
