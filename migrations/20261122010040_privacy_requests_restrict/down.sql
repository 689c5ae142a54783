DROP TABLE privacy_restrictions;
