-- What the relayer must not lose: its cursor, the signed orders it still needs, and every raw transaction it ever signed.
-- The relayer is the only writer.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

CREATE TABLE batches (
  batch_no bigint PRIMARY KEY CHECK (batch_no > 0),
  from_seq bigint NOT NULL,
  to_seq bigint NOT NULL CHECK (to_seq >= from_seq),
  hash_seq bigint NOT NULL CHECK (hash_seq <= to_seq),
  status text NOT NULL CHECK (status IN ('prepared', 'sent', 'mined', 'final')),
  nonce bigint NOT NULL,
  calldata bytea NOT NULL,
  fill_count integer NOT NULL,
  withdrawal_count integer NOT NULL,
  order_count integer NOT NULL,
  segment_count integer NOT NULL,
  gas_limit bigint NOT NULL,
  -- Of the attempt that was mined, or else of the newest one.
  tx_hash bytea NOT NULL CHECK (octet_length(tx_hash) = 32),
  gas_used bigint,
  block_number bigint,
  prepared_ms bigint NOT NULL,
  sent_ms bigint,
  mined_ms bigint,
  final_ms bigint,
  error text
);
CREATE INDEX batches_to_seq ON batches (to_seq);

-- A raw transaction is stored before it is sent: "unknown" then means the same bytes again.
CREATE TABLE batch_attempts (
  batch_no bigint NOT NULL REFERENCES batches,
  attempt integer NOT NULL CHECK (attempt > 0),
  tx_hash bytea NOT NULL UNIQUE CHECK (octet_length(tx_hash) = 32),
  raw_tx bytea NOT NULL,
  max_fee_per_gas numeric(40, 0) NOT NULL,
  created_ms bigint NOT NULL,
  PRIMARY KEY (batch_no, attempt)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON batch_attempts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE relayer_cursor (
  id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  cursor_seq bigint NOT NULL DEFAULT 0,
  deposit_id bigint NOT NULL DEFAULT 0,
  deposit_block bigint NOT NULL DEFAULT 0,
  deposit_hash bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000'
    CHECK (octet_length(deposit_hash) = 32)
);
INSERT INTO relayer_cursor DEFAULT VALUES;

CREATE TABLE relayer_records (
  kind smallint NOT NULL,
  key text NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (kind, key)
);

GRANT SELECT, INSERT ON batch_attempts TO plumb_app;
GRANT SELECT, INSERT, UPDATE ON batches TO plumb_app;
GRANT SELECT, UPDATE ON relayer_cursor TO plumb_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON relayer_records TO plumb_app;
