DROP TABLE purpose_renewals;
DROP TABLE purpose_versions;
DROP TABLE purposes;
