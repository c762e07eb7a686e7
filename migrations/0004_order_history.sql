-- Order ids name slots that are used again: they do not rise with time. Lists and "the newest with this client id" go by
-- the seq of creation instead; order_id only makes the place unique. As before, no column that changes but status.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

CREATE INDEX orders_account_created ON orders (account_id, created_seq, order_id);
CREATE INDEX orders_open_created ON orders (account_id, created_seq, order_id) WHERE status = 0;
CREATE INDEX orders_client_created ON orders (account_id, client_order_id, created_seq, order_id)
  WHERE client_order_id IS NOT NULL;
DROP INDEX orders_account, orders_open, orders_client;
