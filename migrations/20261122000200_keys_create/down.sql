DROP TABLE key_buckets, organization_keys;
