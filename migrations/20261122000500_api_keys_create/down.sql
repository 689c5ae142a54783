DROP TABLE api_keys, third_parties;
