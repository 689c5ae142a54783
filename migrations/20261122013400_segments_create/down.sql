DROP TABLE views;
DROP TABLE segments;
