-- Version 3 of the journal.
--
-- What passed counters of running totals, as the engine counts it. A flow is a state of its counter and time: of several with the
-- same site, device, channel and at the last one holds.

CREATE TABLE flows (
  id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused
  record     INTEGER NOT NULL,  -- that brought it; never falls with id within a site
  site       TEXT    NOT NULL,
  device     TEXT    NOT NULL,
  channel    TEXT    NOT NULL,
  at         INTEGER NOT NULL,  -- ns since 1970, UTC: of the reading
  people_in  REAL    NOT NULL,  -- in the directions of the door
  people_out REAL    NOT NULL
);
