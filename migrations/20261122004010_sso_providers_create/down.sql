DROP TABLE sso_logins, sso_links, sso_providers;
