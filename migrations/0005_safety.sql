-- What protects the exchange: liquidations, takeovers, auto-deleveraging, insurance, delisting; transfers between
-- subaccounts; and what an order has beyond a plain one.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

INSERT INTO transfer_kinds VALUES
  (8, 'transfer'), (9, 'insurance_contribution'), (10, 'liquidation'), (11, 'liquidation_fee'),
  (12, 'insurance_payout'), (13, 'takeover'), (14, 'adl'), (15, 'adl_deficit'), (16, 'settlement'), (17, 'bad_debt');
ALTER TABLE transfers DROP CONSTRAINT transfers_kind_check,
  ADD CONSTRAINT transfers_kind_check CHECK (kind BETWEEN 1 AND 17);
COMMENT ON COLUMN transfers.reference IS 'Number of the trade, deposit or withdrawal; the market''s funding index for '
  'funding; lane sequence number of a transfer or contribution; the other account of a takeover or deleveraging.';

-- Each market has its bad debts (a balance of at most zero) and a clearing account, which pays out the positions of a
-- delisted market one after the other and is at zero before and after.
ALTER TABLE accounts DROP CONSTRAINT accounts_kind_check, DROP CONSTRAINT accounts_check2,
  ADD CONSTRAINT accounts_kind_check CHECK (kind IN ('trader', 'external', 'fees', 'pending_withdrawals',
    'funding_pool', 'insurance', 'bad_debt', 'clearing')),
  ADD CONSTRAINT accounts_market_check
    CHECK ((kind IN ('funding_pool', 'insurance', 'bad_debt', 'clearing')) = (market IS NOT NULL));
ALTER TABLE balances DROP CONSTRAINT balances_check2,
  ADD CONSTRAINT balances_insurance_check CHECK (account_id NOT BETWEEN -2999 AND -2000 OR balance_quote >= 0),
  ADD CONSTRAINT balances_bad_debt_check CHECK (account_id NOT BETWEEN -3999 AND -3000 OR balance_quote <= 0);
ALTER TABLE accounts DISABLE TRIGGER with_cursor;
INSERT INTO accounts (account_id, kind, market, opened_ms)
  SELECT -3000 - market, 'bad_debt', market, listed_ms FROM markets
  UNION ALL SELECT -4000 - market, 'clearing', market, listed_ms FROM markets;
ALTER TABLE accounts ENABLE TRIGGER with_cursor;

-- kind 1: the taker was liquidated. It has no order (id 0) and pays no trading fee; insurance_quote went into the
-- market's tranche, or if negative came out of it.
ALTER TABLE trades ADD COLUMN kind smallint NOT NULL DEFAULT 0 CHECK (kind IN (0, 1)),
  ADD COLUMN insurance_quote bigint,
  ADD CONSTRAINT trades_liquidation_check CHECK ((kind = 1) = (insurance_quote IS NOT NULL));

-- Orders made by PlaceAdvancedOrder; the terms are null for plain ones. price_ticks is where the order rests or waits,
-- limit_ticks what was signed. triggered_ms: when its trigger was last reached, or its last slice ran.
ALTER TABLE orders ADD COLUMN style smallint NOT NULL DEFAULT 0,
  ADD COLUMN trigger_kind smallint,
  ADD COLUMN trigger_source smallint,
  ADD COLUMN trigger_ticks bigint,
  ADD COLUMN limit_ticks bigint,
  ADD COLUMN offset_ticks bigint,
  ADD COLUMN parts integer,
  ADD COLUMN display_lots bigint,
  ADD COLUMN triggered_ms bigint;

-- Positions that moved without a trade, one row for each account: kind 1 taken over, 2 deleveraged, 3 settled.
-- quote is what the account received for the lots (negative = paid), insurance_quote what the tranche added,
-- deficit_quote what it bore of another's deficit (negative = others bore of its own).
CREATE TABLE position_moves (
  seq bigint NOT NULL,
  time_ms bigint NOT NULL,
  lots_change bigint NOT NULL CHECK (lots_change <> 0),
  price_ticks bigint NOT NULL CHECK (price_ticks > 0),
  quote bigint NOT NULL,
  realized_quote bigint NOT NULL,
  insurance_quote bigint NOT NULL,
  deficit_quote bigint NOT NULL,
  leg integer NOT NULL,
  account_id integer NOT NULL,
  -- Victim, backstop; null where there are several or none.
  counterparty_id integer,
  -- Place among those who were deleveraged, 1 = first.
  rank smallint,
  market smallint NOT NULL,
  kind smallint NOT NULL CHECK (kind IN (1, 2, 3)),
  PRIMARY KEY (seq, leg)
);
CREATE INDEX position_moves_account ON position_moves (account_id, seq);

-- Why an account was liquidated: its figures right before each step. stage 0 orders cancelled, 1 on the book,
-- 2 backstop, 3 backstop with insurance, 4 auto-deleveraging.
CREATE TABLE liquidations (
  seq bigint NOT NULL,
  time_ms bigint NOT NULL,
  mark_ticks bigint NOT NULL,
  index_ticks bigint NOT NULL,
  equity_quote bigint NOT NULL,
  maintenance_quote bigint NOT NULL,
  initial_quote bigint NOT NULL,
  position_lots bigint NOT NULL,
  size_lots bigint NOT NULL,
  limit_ticks bigint NOT NULL,
  tranche_quote bigint NOT NULL,
  leg integer NOT NULL,
  account_id integer NOT NULL,
  market smallint NOT NULL,
  stage smallint NOT NULL CHECK (stage BETWEEN 0 AND 4),
  PRIMARY KEY (seq, leg)
);
CREATE INDEX liquidations_account ON liquidations (account_id, seq);
CREATE INDEX liquidations_market ON liquidations (market, seq);

DO $$
DECLARE
  history text;
BEGIN
  FOREACH history IN ARRAY ARRAY['position_moves', 'liquidations'] LOOP
    EXECUTE format(
      'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', history);
    EXECUTE format(
      'CREATE TRIGGER with_cursor BEFORE INSERT OR UPDATE ON %I
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_outside_cursor()', history);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO plumb_app', history);
  END LOOP;
END
$$;
