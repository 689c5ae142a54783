-- Expand: whether a purpose sells or shares stands beside it, so that reads, lists, exports and events leave out whoever opted out without opening its content.
ALTER TABLE purposes ADD COLUMN sells_or_shares boolean GENERATED ALWAYS AS (
    coalesce(content->>'dpv' IN ('dpv:Advertising', 'dpv:PersonalisedAdvertising', 'dpv:TargetedAdvertising', 'dpv:SellDataToThirdParties',
        'dpv:SocialMediaMarketing'), false)
    OR coalesce(content->'recipients', '[]') <> '[]'
    OR coalesce(content->'channels' ? 'ads', false)) STORED;
COMMENT ON COLUMN purposes.sells_or_shares IS 'The rule of `Purpose::sells_or_shares`: an opt-out stops it.';
