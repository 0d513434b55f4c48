-- Version 1 of the journal.

CREATE TABLE records (
  seq      INTEGER PRIMARY KEY, -- the order of everything, without gaps
  kind     INTEGER NOT NULL,    -- 1 observation, 2 rejection, 3 entry, 4 tick, 5 configuration, 6 engine, 7 service
  site     TEXT    NOT NULL,
  at       INTEGER NOT NULL,    -- ns since 1970, UTC: when it happened
  received INTEGER NOT NULL,    -- ns since 1970, UTC: when the gateway learned of it
  identity INTEGER NOT NULL,    -- recognises a repeated delivery; 0: none
  body     TEXT    NOT NULL     -- JSON, by kind
);
CREATE INDEX records_notable ON records (kind, seq) WHERE kind IN (2, 3, 5);

CREATE TABLE transitions (
  id      INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused
  record  INTEGER NOT NULL,
  site    TEXT    NOT NULL,
  rule    TEXT    NOT NULL,
  subject TEXT    NOT NULL,     -- kind/id
  at      INTEGER NOT NULL,
  until   INTEGER NOT NULL,     -- only late ones: end of the revised period
  late    INTEGER NOT NULL,
  verdict INTEGER NOT NULL,     -- -1 unknown, 0 within, 1 breached
  body    TEXT    NOT NULL      -- JSON, the whole transition
);
CREATE INDEX transitions_site_at ON transitions (site, at);

CREATE TABLE samples (
  id      INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused
  record  INTEGER NOT NULL,
  site    TEXT    NOT NULL,
  zone    TEXT    NOT NULL,     -- empty: the whole site
  at      INTEGER NOT NULL,
  persons REAL    NOT NULL,
  error   REAL    NOT NULL,
  lim     REAL    NOT NULL,     -- 0: none
  verdict INTEGER NOT NULL
);
CREATE INDEX samples_zone_at ON samples (site, zone, at);

CREATE TABLE alerts (
  id       TEXT    PRIMARY KEY,
  site     TEXT    NOT NULL,
  opened   INTEGER NOT NULL,
  resolved INTEGER NOT NULL,    -- 0: open
  body     TEXT    NOT NULL     -- JSON, as it is now
) WITHOUT ROWID;
CREATE INDEX alerts_open ON alerts (opened) WHERE resolved = 0;
CREATE INDEX alerts_resolved ON alerts (resolved);

CREATE TABLE alert_changes (
  id    INTEGER PRIMARY KEY,
  alert TEXT    NOT NULL,
  what  TEXT    NOT NULL,       -- opened, updated, worse, acknowledged, expired, resolved
  at    INTEGER NOT NULL,
  body  TEXT    NOT NULL        -- JSON, the alert after the change
);
CREATE INDEX alert_changes_alert ON alert_changes (alert, id);

CREATE TABLE outbox (
  n       INTEGER PRIMARY KEY,  -- order in which signals were owed
  id      TEXT    NOT NULL UNIQUE,
  topic   TEXT    NOT NULL,
  payload BLOB    NOT NULL,
  retain  INTEGER NOT NULL
);

CREATE TABLE cursors (
  name     TEXT    PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE snapshots (
  site TEXT    PRIMARY KEY,
  seq  INTEGER NOT NULL,        -- the last record that is in it
  body BLOB    NOT NULL
) WITHOUT ROWID;

CREATE TABLE counters (
  one             INTEGER PRIMARY KEY CHECK (one = 1),
  received        INTEGER NOT NULL,
  stored          INTEGER NOT NULL,
  duplicate       INTEGER NOT NULL,
  rejected        INTEGER NOT NULL,
  ignored         INTEGER NOT NULL,
  readings        INTEGER NOT NULL,
  unacknowledged  INTEGER NOT NULL
);
INSERT INTO counters VALUES (1, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE series (
  id       INTEGER PRIMARY KEY,
  site     TEXT NOT NULL,
  device   TEXT NOT NULL,
  quantity TEXT NOT NULL,
  channel  TEXT NOT NULL,
  UNIQUE (site, device, quantity, channel)
);

CREATE TABLE rollups (
  series  INTEGER NOT NULL REFERENCES series (id),
  minute  INTEGER NOT NULL,     -- ns since 1970, start of the minute
  count   INTEGER NOT NULL,
  sum     REAL    NOT NULL,
  min     REAL    NOT NULL,
  max     REAL    NOT NULL,
  last    REAL    NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (series, minute)
) WITHOUT ROWID;

-- Points that InfluxDB refuses for good: kept, so that nothing disappears silently.
CREATE TABLE refused (
  id   INTEGER PRIMARY KEY,
  at   INTEGER NOT NULL,
  line TEXT    NOT NULL,
  text TEXT    NOT NULL         -- the server's words
);
