DROP TABLE withdrawal_recipients;
