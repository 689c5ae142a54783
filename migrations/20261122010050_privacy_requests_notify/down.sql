DROP TABLE privacy_notifications;
