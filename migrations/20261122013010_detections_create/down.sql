DROP TABLE alerts, detection_probes, login_probes;
