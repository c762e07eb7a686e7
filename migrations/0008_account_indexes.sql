-- What a trade posts is found by the trade, which is indexed by both of its accounts: transfers need an index by account
-- for the other kinds only. Each trade costs two index entries instead of six, a sixth of the writer's time in PostgreSQL.
-- packages/ledger/src/account-entries.ts is where transfers are looked up by account.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

DROP INDEX transfers_debit, transfers_credit;
CREATE INDEX transfers_debit ON transfers (debit, seq) WHERE debit >= 0 AND kind NOT IN (2, 3, 4, 10);
CREATE INDEX transfers_credit ON transfers (credit, seq) WHERE credit >= 0 AND kind NOT IN (2, 3, 4, 10);
