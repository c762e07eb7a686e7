-- Deposits that the relayer has seen on-chain and that are not final yet: a hint for their owners, replaced as a whole
-- with each look. What is credited comes from the journal alone.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

CREATE TABLE pending_deposits (
  deposit_id bigint PRIMARY KEY CHECK (deposit_id > 0),
  owner bytea NOT NULL CHECK (octet_length(owner) = 20),
  subaccount smallint NOT NULL CHECK (subaccount >= 0),
  amount_quote bigint NOT NULL CHECK (amount_quote > 0),
  block_number bigint NOT NULL CHECK (block_number <= head_block),
  tx_hash bytea NOT NULL CHECK (octet_length(tx_hash) = 32),
  seen_ms bigint NOT NULL,
  -- The chain's newest block and the newest final one when it was looked at.
  head_block bigint NOT NULL,
  final_block bigint NOT NULL CHECK (final_block < block_number)
);

GRANT SELECT, INSERT, DELETE ON pending_deposits TO plumb_app;
