-- What memory showed of an account and the ledger did not keep: what the exchange did to it, all terms of advanced orders,
-- and why a triggered order was refused. The journal has it all from the first command on, this database from now on
-- (kept_since): `npm run ledger -- rebuild` makes one that has the rest.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

-- Rows of a table are there for what happened after this seq.
CREATE TABLE kept_since (
  name text PRIMARY KEY,
  seq bigint NOT NULL CHECK (seq >= 0)
);
GRANT SELECT ON kept_since TO plumb_app;

-- kind: place in accountNoticeKinds of packages/model/src/account-notice.ts, from 1; detail: fields of the event, in
-- engine units. market −1: none.
CREATE TABLE notices (
  seq bigint NOT NULL,
  time_ms bigint NOT NULL,
  leg integer NOT NULL,
  account_id integer NOT NULL,
  market smallint NOT NULL,
  kind smallint NOT NULL CHECK (kind > 0),
  detail text NOT NULL,
  PRIMARY KEY (seq, leg)
);
CREATE INDEX notices_account ON notices (account_id, seq);

-- Of orders that have any of it: seconds between the slices of a twap, ppm of slippage, links (lane null: none).
CREATE TABLE order_terms (
  order_id bigint PRIMARY KEY,
  seq bigint NOT NULL,
  seconds integer NOT NULL,
  slippage_ppm integer NOT NULL,
  oco_seq bigint NOT NULL,
  parent_seq bigint NOT NULL,
  oco_lane smallint,
  parent_lane smallint
);

-- Why the engine refused a triggered order that it closed for it (a reject code of packages/model/src/reject-codes.ts).
CREATE TABLE order_refusals (
  order_id bigint PRIMARY KEY,
  seq bigint NOT NULL,
  reject_code smallint NOT NULL CHECK (reject_code > 0)
);

-- Market orders made by PlaceOrder were kept as plain ones: immediate or cancel, a limit of their own, no trigger.
ALTER TABLE orders DISABLE TRIGGER with_cursor;
UPDATE orders SET style = 1
  WHERE style = 0 AND limit_ticks IS NOT NULL AND trigger_kind = 0 AND (flags >> 2) & 3 = 1;
ALTER TABLE orders ENABLE TRIGGER with_cursor;

DO $$
DECLARE
  history text;
BEGIN
  FOREACH history IN ARRAY ARRAY['notices', 'order_terms', 'order_refusals'] LOOP
    EXECUTE format(
      'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', history);
    EXECUTE format(
      'CREATE TRIGGER with_cursor BEFORE INSERT OR UPDATE ON %I
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_outside_cursor()', history);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO plumb_app', history);
    INSERT INTO kept_since SELECT history, seq FROM cursors WHERE consumer = 'ledger';
  END LOOP;
END
$$;
