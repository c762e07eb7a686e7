-- The double-entry ledger: a projection of the sequencer's events.
-- Units: *_quote micro-USDC, *_lots lots, *_ticks ticks, *_ms milliseconds since 1970, rates as the column says.
-- (seq, leg) is the command's place in the one order of everything and the row's place among that command's rows.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

-- How far each consumer has come; moved in the transaction that writes what it consumed.
CREATE TABLE cursors (
  consumer text PRIMARY KEY,
  seq bigint NOT NULL CHECK (seq >= 0),
  chain_hash bytea CHECK (octet_length(chain_hash) = 32)
);
INSERT INTO cursors (consumer, seq) VALUES ('ledger', 0);

-- From sequence number to time and back, one row about every second of the journal: lists by time become lists by seq.
CREATE TABLE seq_times (
  seq bigint PRIMARY KEY,
  time_ms bigint NOT NULL
);
CREATE INDEX seq_times_time ON seq_times (time_ms, seq);

CREATE TABLE exchange (
  id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  chain_id bigint NOT NULL,
  contract bytea NOT NULL CHECK (octet_length(contract) = 20),
  settlement_lag_s integer NOT NULL,
  opened_ms bigint NOT NULL
);

CREATE TABLE markets (
  market smallint PRIMARY KEY CHECK (market BETWEEN 0 AND 63),
  symbol text NOT NULL UNIQUE,
  tick_e8 bigint NOT NULL,
  lot_e8 bigint NOT NULL,
  quote_per_tick_lot bigint NOT NULL,
  im_bps integer NOT NULL,
  mm_bps integer NOT NULL,
  taker_fee smallint NOT NULL,
  maker_fee smallint NOT NULL,
  min_order_lots bigint NOT NULL,
  max_order_lots bigint NOT NULL,
  max_position_lots bigint NOT NULL,
  min_notional_quote bigint NOT NULL,
  max_open_interest_lots bigint NOT NULL,
  price_band_ppm integer NOT NULL,
  mark_band_ppm integer NOT NULL,
  fixed_index_ticks bigint NOT NULL,
  state smallint NOT NULL,
  mark_ticks bigint NOT NULL,
  index_ticks bigint NOT NULL,
  funding_rate_e10 bigint NOT NULL DEFAULT 0,
  funding_index bigint NOT NULL DEFAULT 0,
  listed_ms bigint NOT NULL
);

-- Traders' accounts carry the engine's account number; house accounts are negative (packages/ledger/src/ledger-account.ts).
CREATE TABLE accounts (
  account_id integer PRIMARY KEY,
  kind text NOT NULL
    CHECK (kind IN ('trader', 'external', 'fees', 'pending_withdrawals', 'funding_pool', 'insurance')),
  owner bytea CHECK (octet_length(owner) = 20),
  subaccount smallint CHECK (subaccount BETWEEN 0 AND 255),
  market smallint,
  opened_ms bigint NOT NULL,
  CHECK ((kind = 'trader') = (account_id >= 0)),
  CHECK ((kind = 'trader') = (owner IS NOT NULL AND subaccount IS NOT NULL)),
  CHECK ((kind IN ('funding_pool', 'insurance')) = (market IS NOT NULL)),
  UNIQUE (owner, subaccount)
);

-- Credits minus debits of each account, kept by the trigger on transfers and by nothing else.
-- A trader's cash may be below zero (equity counts open profit); what the house owes or holds may not.
CREATE TABLE balances (
  account_id integer PRIMARY KEY,
  balance_quote bigint NOT NULL CHECK (abs(balance_quote) <= 9007199254740991),
  CHECK (account_id <> -1 OR balance_quote <= 0),
  CHECK (account_id NOT IN (-2, -3) OR balance_quote >= 0),
  CHECK (account_id > -2000 OR balance_quote >= 0)
) WITH (fillfactor = 50);

CREATE FUNCTION open_balances() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  INSERT INTO balances (account_id, balance_quote) SELECT account_id, 0 FROM opened;
  RETURN NULL;
END
$$;
CREATE TRIGGER open_balances AFTER INSERT ON accounts
  REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION open_balances();

INSERT INTO accounts (account_id, kind, opened_ms)
  VALUES (-1, 'external', 0), (-2, 'fees', 0), (-3, 'pending_withdrawals', 0);

CREATE TABLE transfer_kinds (
  kind smallint PRIMARY KEY,
  name text NOT NULL UNIQUE
);
INSERT INTO transfer_kinds VALUES
  (1, 'deposit'), (2, 'trade'), (3, 'fee'), (4, 'rebate'), (5, 'funding'), (6, 'withdrawal'),
  (7, 'withdrawal_paid');

-- One movement: debit pays, credit receives, so every row and every seq sums to zero by construction.
-- debit_after and credit_after are the two balances right behind it: statements chain without summing the past.
CREATE TABLE transfers (
  seq bigint NOT NULL CHECK (seq > 0),
  time_ms bigint NOT NULL,
  amount_quote bigint NOT NULL CHECK (amount_quote BETWEEN 1 AND 9007199254740991),
  debit_after_quote bigint NOT NULL,
  credit_after_quote bigint NOT NULL,
  -- Number of the trade, deposit or withdrawal; the market's funding index for funding.
  reference bigint NOT NULL,
  leg integer NOT NULL CHECK (leg >= 0),
  debit integer NOT NULL,
  credit integer NOT NULL,
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 7),
  -- −1: no market.
  market smallint NOT NULL,
  CHECK (debit <> credit),
  PRIMARY KEY (seq, leg)
);
CREATE INDEX transfers_debit ON transfers (debit, seq) WHERE debit >= 0;
CREATE INDEX transfers_credit ON transfers (credit, seq) WHERE credit >= 0;

CREATE FUNCTION move_balances() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  touched bigint;
  moved bigint;
BEGIN
  WITH sums AS (
    SELECT account_id, sum(delta)::bigint AS delta FROM (
      SELECT debit AS account_id, -amount_quote AS delta FROM inserted
      UNION ALL
      SELECT credit, amount_quote FROM inserted
    ) legs GROUP BY account_id
  ), changed AS (
    UPDATE balances b SET balance_quote = b.balance_quote + s.delta
    FROM sums s WHERE b.account_id = s.account_id
    RETURNING b.account_id
  )
  SELECT (SELECT count(*) FROM sums), (SELECT count(*) FROM changed) INTO touched, moved;
  IF touched <> moved THEN
    RAISE EXCEPTION 'transfers name % accounts, of which % exist', touched, moved
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER move_balances AFTER INSERT ON transfers
  REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION move_balances();

-- One trade with both of its fills, at the maker's price. Fees negative = rebate, rates in units of 10 ppm.
CREATE TABLE trades (
  seq bigint NOT NULL,
  trade_id bigint NOT NULL,
  time_ms bigint NOT NULL,
  price_ticks bigint NOT NULL CHECK (price_ticks > 0),
  size_lots bigint NOT NULL CHECK (size_lots > 0),
  quote bigint NOT NULL CHECK (quote > 0),
  taker_order_id bigint NOT NULL,
  maker_order_id bigint NOT NULL,
  taker_fee_quote bigint NOT NULL,
  maker_fee_quote bigint NOT NULL,
  taker_realized_quote bigint NOT NULL,
  maker_realized_quote bigint NOT NULL,
  leg integer NOT NULL,
  taker_account_id integer NOT NULL,
  maker_account_id integer NOT NULL,
  market smallint NOT NULL,
  taker_side smallint NOT NULL CHECK (taker_side IN (0, 1)),
  taker_fee smallint NOT NULL,
  maker_fee smallint NOT NULL,
  PRIMARY KEY (seq, leg)
);
CREATE INDEX trades_market ON trades (market, seq);
CREATE INDEX trades_taker ON trades (taker_account_id, seq);
CREATE INDEX trades_maker ON trades (maker_account_id, seq);

-- Orders as they stand; status 0 open, 1 closed (filled), 2 canceled. size_lots = filled + what was still wanted.
CREATE TABLE orders (
  order_id bigint PRIMARY KEY,
  price_ticks bigint NOT NULL,
  size_lots bigint NOT NULL,
  filled_lots bigint NOT NULL CHECK (filled_lots BETWEEN 0 AND size_lots),
  cost_quote bigint NOT NULL,
  fee_quote bigint NOT NULL,
  lane_seq bigint NOT NULL,
  expiry_s bigint NOT NULL,
  created_ms bigint NOT NULL,
  updated_ms bigint NOT NULL,
  last_trade_ms bigint,
  created_seq bigint NOT NULL,
  updated_seq bigint NOT NULL,
  account_id integer NOT NULL,
  market smallint NOT NULL,
  side smallint NOT NULL CHECK (side IN (0, 1)),
  flags smallint NOT NULL,
  order_kind smallint NOT NULL,
  max_fee smallint NOT NULL,
  lane smallint NOT NULL,
  status smallint NOT NULL CHECK (status IN (0, 1, 2)),
  reason smallint,
  signer bytea NOT NULL CHECK (octet_length(signer) = 20),
  client_order_id text
) WITH (fillfactor = 70);
-- Only columns that never change are indexed, but for status: the update of an order that stays open stays on its page.
CREATE INDEX orders_account ON orders (account_id, order_id);
CREATE INDEX orders_open ON orders (account_id, order_id) WHERE status = 0;
CREATE INDEX orders_client ON orders (account_id, client_order_id, order_id) WHERE client_order_id IS NOT NULL;

-- entry_cost_quote is signed: what the open lots cost (+ long). since_*: since the position was opened from flat.
CREATE TABLE positions (
  account_id integer NOT NULL,
  market smallint NOT NULL,
  position_lots bigint NOT NULL,
  entry_cost_quote bigint NOT NULL,
  realized_quote bigint NOT NULL,
  fees_quote bigint NOT NULL,
  funding_quote bigint NOT NULL,
  since_realized_quote bigint NOT NULL,
  since_funding_quote bigint NOT NULL,
  opened_ms bigint NOT NULL,
  updated_seq bigint NOT NULL,
  PRIMARY KEY (account_id, market),
  CHECK (position_lots <> 0 OR entry_cost_quote = 0)
) WITH (fillfactor = 50);

CREATE TABLE candles (
  market smallint NOT NULL,
  open_time_ms bigint NOT NULL,
  open_ticks bigint NOT NULL,
  high_ticks bigint NOT NULL,
  low_ticks bigint NOT NULL,
  close_ticks bigint NOT NULL,
  base_lots bigint NOT NULL,
  quote bigint NOT NULL,
  trades integer NOT NULL,
  PRIMARY KEY (market, open_time_ms),
  CHECK (low_ticks <= open_ticks AND low_ticks <= close_ticks),
  CHECK (high_ticks >= open_ticks AND high_ticks >= close_ticks)
) WITH (fillfactor = 70);

CREATE TABLE funding_rates (
  seq bigint NOT NULL,
  leg integer NOT NULL,
  time_ms bigint NOT NULL,
  market smallint NOT NULL,
  rate_e10 bigint NOT NULL,
  delta_index bigint NOT NULL,
  funding_index bigint NOT NULL,
  index_ticks bigint NOT NULL,
  mark_ticks bigint NOT NULL,
  interval_s integer NOT NULL,
  PRIMARY KEY (seq, leg)
);
CREATE INDEX funding_rates_market ON funding_rates (market, seq);

CREATE TABLE funding_payments (
  seq bigint NOT NULL,
  leg integer NOT NULL,
  time_ms bigint NOT NULL,
  account_id integer NOT NULL,
  market smallint NOT NULL,
  payment_quote bigint NOT NULL,
  position_lots bigint NOT NULL,
  funding_index bigint NOT NULL,
  rate_e10 bigint NOT NULL,
  mark_ticks bigint NOT NULL,
  PRIMARY KEY (seq, leg)
);
CREATE INDEX funding_payments_account ON funding_payments (account_id, seq);

CREATE TABLE deposits (
  deposit_id bigint PRIMARY KEY,
  seq bigint NOT NULL,
  leg integer NOT NULL,
  time_ms bigint NOT NULL,
  account_id integer NOT NULL,
  amount_quote bigint NOT NULL CHECK (amount_quote > 0),
  block_number bigint NOT NULL,
  tx_hash bytea NOT NULL CHECK (octet_length(tx_hash) = 32),
  UNIQUE (seq, leg)
);
CREATE INDEX deposits_account ON deposits (account_id, seq);

CREATE TABLE withdrawals (
  withdrawal_id bigint PRIMARY KEY,
  seq bigint NOT NULL,
  leg integer NOT NULL,
  time_ms bigint NOT NULL,
  account_id integer NOT NULL,
  amount_quote bigint NOT NULL CHECK (amount_quote > 0),
  lane smallint NOT NULL,
  lane_seq bigint NOT NULL,
  UNIQUE (seq, leg)
);
CREATE INDEX withdrawals_account ON withdrawals (account_id, seq);

CREATE TABLE withdrawal_payments (
  withdrawal_id bigint PRIMARY KEY,
  seq bigint NOT NULL,
  leg integer NOT NULL,
  time_ms bigint NOT NULL,
  batch_no bigint NOT NULL,
  UNIQUE (seq, leg)
);

-- What the chain has confirmed, as the journal heard it. Everything up to to_seq of the newest row is settled.
CREATE TABLE settlements (
  batch_no bigint PRIMARY KEY,
  seq bigint NOT NULL UNIQUE,
  time_ms bigint NOT NULL,
  to_seq bigint NOT NULL UNIQUE,
  gas_used bigint NOT NULL,
  block_number bigint NOT NULL,
  tx_hash bytea NOT NULL CHECK (octet_length(tx_hash) = 32)
);

CREATE TABLE reconciliations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  checked_ms bigint NOT NULL,
  trigger text NOT NULL CHECK (trigger IN ('batch', 'timer', 'demand', 'verify')),
  batch_no bigint NOT NULL,
  seq bigint NOT NULL,
  ok boolean NOT NULL,
  accounts integer NOT NULL,
  -- Totals: cashQuote, feesQuote, poolsQuote, pendingWithdrawalsQuote, depositsQuote, paidQuote; null = not reachable.
  engine jsonb,
  ledger jsonb NOT NULL,
  chain jsonb,
  first_difference text,
  CHECK (ok = (first_difference IS NULL))
);

-- History is only ever added to, whoever asks: a superuser would have to switch these triggers off by name.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on ledger.% is refused: history is append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;
DO $$
DECLARE
  history text;
BEGIN
  FOREACH history IN ARRAY ARRAY[
    'accounts', 'transfers', 'trades', 'funding_rates', 'funding_payments', 'deposits', 'withdrawals',
    'withdrawal_payments', 'settlements', 'reconciliations', 'seq_times', 'exchange'
  ] LOOP
    EXECUTE format(
      'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', history);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO plumb_app', history);
  END LOOP;
END
$$;

-- Rows of the projection are written only by the transaction that moved the cursor over them (L2, L6): a statement that
-- strays out of its transaction, as after a lost connection, is refused.
CREATE FUNCTION refuse_outside_cursor() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM cursors WHERE consumer = 'ledger' AND xmin = pg_current_xact_id()::xid) THEN
    RAISE EXCEPTION '% on ledger.% is refused: this transaction did not move the cursor', TG_OP, TG_TABLE_NAME
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  RETURN NULL;
END
$$;
DO $$
DECLARE
  projected text;
BEGIN
  FOREACH projected IN ARRAY ARRAY[
    'accounts', 'transfers', 'trades', 'funding_rates', 'funding_payments', 'deposits', 'withdrawals',
    'withdrawal_payments', 'settlements', 'seq_times', 'exchange', 'markets', 'orders', 'positions', 'candles'
  ] LOOP
    EXECUTE format(
      'CREATE TRIGGER with_cursor BEFORE INSERT OR UPDATE ON %I
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_outside_cursor()', projected);
  END LOOP;
END
$$;
GRANT SELECT ON balances, transfer_kinds TO plumb_app;
GRANT SELECT, UPDATE ON cursors TO plumb_app;
GRANT SELECT, INSERT, UPDATE ON markets, orders, positions, candles TO plumb_app;
