-- Expand: one job of a field decides whether what it is building comes into force: of those that wait or run, the newest. 20261124021500 left that to all of
-- them, so that one which was half way through already could call values unique of which it had seen only the rest. The owner is fenced, too, so the fence is
-- down for the length of this.
ALTER TABLE catalog_rebuilds NO FORCE ROW LEVEL SECURITY;
UPDATE catalog_rebuilds r SET builds = false WHERE r.builds AND EXISTS (SELECT FROM catalog_rebuilds n JOIN job_queue q ON q.job_id = n.job_id
    WHERE n.organization_id = r.organization_id AND n.record_type = r.record_type AND n.key = r.key AND n.builds AND (n.since, n.job_id) > (r.since, r.job_id));
-- Whichever change it came from, it looks at everything since the field began to build.
UPDATE catalog_rebuilds r SET round = 1, after_id = '00000000-0000-0000-0000-000000000000', done = 0, repeated = 0
    WHERE r.builds AND EXISTS (SELECT FROM job_queue q WHERE q.job_id = r.job_id);
ALTER TABLE catalog_rebuilds FORCE ROW LEVEL SECURITY;
