DROP TABLE notice_showings;
DROP TABLE notices;
