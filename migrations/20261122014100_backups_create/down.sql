DROP TABLE backup_drills;
DROP TABLE backups;
