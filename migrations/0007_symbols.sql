-- A symbol may be listed again, as after a delisting: the market's number names it. The engine takes such a listing, and
-- the ledger must not stop at it.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

ALTER TABLE markets DROP CONSTRAINT markets_symbol_key;
