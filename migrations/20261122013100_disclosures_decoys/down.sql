DROP TABLE disclosure_decoy_values;
DROP TABLE disclosure_decoys;
