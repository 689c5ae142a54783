DROP TRIGGER opportunities_follow ON customers;
DROP TRIGGER opportunities_changed_from ON records;
DROP TRIGGER opportunities_changed_to ON records;
DROP TRIGGER opportunities_went ON records;
DROP TRIGGER opportunities_came ON records;
DROP FUNCTION opportunities_follow(), opportunities_went(), opportunities_came();
DROP INDEX opportunities_by_entry;
DROP TABLE opportunity_sums;
