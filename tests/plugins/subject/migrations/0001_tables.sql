CREATE TABLE things (
    name TEXT NOT NULL, number BIGINT, at TIMESTAMP WITH TIME ZONE, day DATE, is_on BOOLEAN,
    price NUMERIC(10, 2)
);
-- The reference's own table.
CREATE TABLE user_preferences (
    user_id TEXT PRIMARY KEY, preferences TEXT NOT NULL, updated_at TIMESTAMP WITH TIME ZONE
);
