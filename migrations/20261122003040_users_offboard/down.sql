DROP INDEX api_keys_by_creator;
DROP TABLE offboardings;
