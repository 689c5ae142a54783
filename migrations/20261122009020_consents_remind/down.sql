ALTER TABLE withdrawal_recipients DROP COLUMN reminded, DROP COLUMN signed;
