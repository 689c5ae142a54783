-- Expand: the language that somebody reads, once they have said so.
ALTER TABLE users ADD COLUMN language text CHECK (language IN ('en', 'zh-CN'));
COMMENT ON COLUMN users.language IS 'BCP 47; letters are in it. Null until the person has chosen: letters are in both.';
