DROP TABLE retention_clocks;
DROP TABLE retention_warnings;
DROP TABLE retention_runs;
DROP TABLE retention_policies;
