CREATE TABLE IF NOT EXISTS person (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    api_token TEXT NOT NULL UNIQUE
);

CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY,
    owner_id INTEGER NOT NULL REFERENCES person (id),
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    remind_on TEXT NOT NULL DEFAULT ''
);

CREATE TABLE IF NOT EXISTS share (
    note_id INTEGER NOT NULL REFERENCES note (id),
    email TEXT NOT NULL,
    PRIMARY KEY (note_id, email)
);
