-- History in partitions by the exchange's own clock: ranges of seq, each of about a month at the rate of the last one.
-- seq is the order of everything in time, so a list between two times (seq_times turns them into seqs) reads the
-- partitions of that time only, and (seq, leg) stays a true key of the whole table.
SET LOCAL ROLE plumb_owner;
SET LOCAL search_path = ledger;

CREATE TABLE partitioned_tables (name text PRIMARY KEY);
INSERT INTO partitioned_tables VALUES ('transfers'), ('trades'), ('funding_payments'), ('position_moves');
GRANT SELECT ON partitioned_tables TO plumb_app;

-- Rows come through the parent, whose triggers keep balances and cursor: a partition by itself takes none.
CREATE FUNCTION refuse_direct() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on ledger.% is refused: write to the whole table', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;

-- What every partition has: the parent's triggers do not hear statements that name a partition.
CREATE FUNCTION guard_partition(partition text) RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', partition);
  EXECUTE format('CREATE TRIGGER through_parent BEFORE INSERT ON %I
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct()', partition);
  EXECUTE format('REVOKE ALL ON %I FROM plumb_app', partition);
END
$$;

-- Makes every partitioned table reach beyond `reach` by at least one whole partition, and answers up to which seq
-- (exclusive) rows can be written. Attaching locks nobody out. `size` is for tests; null: measured.
CREATE FUNCTION ensure_partitions(reach bigint, size bigint DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  newest record;
  monthly bigint;
  step bigint;
  parent text;
  upper_bound bigint;
  until bigint;
  part text;
BEGIN
  PERFORM pg_advisory_xact_lock(7586284);
  SELECT seq, time_ms INTO newest FROM seq_times ORDER BY seq DESC LIMIT 1;
  SELECT newest.seq - seq INTO monthly FROM seq_times
    WHERE time_ms >= newest.time_ms - 30 * 86400000::bigint ORDER BY time_ms, seq LIMIT 1;
  -- At least 2^24 commands; a power of two, so that few sizes occur.
  step := coalesce(size, greatest(16777216, 2 ^ ceil(log(2, greatest(coalesce(monthly, 0), 1)::numeric)))::bigint);
  FOR parent IN SELECT name FROM partitioned_tables ORDER BY name LOOP
    LOOP
      SELECT max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''?(\d+)''?\)'))[1]::bigint) INTO upper_bound
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent::regclass;
      upper_bound := coalesce(upper_bound, 1);
      EXIT WHEN upper_bound > reach + step;
      part := format('%s_%s', parent, upper_bound);
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', part, parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, part, upper_bound,
        upper_bound + step);
      PERFORM guard_partition(part);
    END LOOP;
    until := least(until, upper_bound);
  END LOOP;
  RETURN until;
END
$$;
REVOKE ALL ON FUNCTION ensure_partitions, guard_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions TO plumb_app;

-- The tables as they are become the first partition, up to the cursor; empty ones are made anew.
DO $$
DECLARE
  parent text;
  old text;
  part record;
  upto bigint;
BEGIN
  SELECT seq + 1 INTO upto FROM cursors WHERE consumer = 'ledger';
  FOR parent IN SELECT name FROM partitioned_tables LOOP
    old := parent || '_0';
    EXECUTE format('ALTER TABLE %I RENAME TO %I', parent, old);
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)
      PARTITION BY RANGE (seq)', parent, old);
    FOR part IN SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made, i.indisprimary
        FROM pg_index i WHERE i.indrelid = old::regclass LOOP
      EXECUTE format('ALTER INDEX %I RENAME TO %I', replace(part.name, 'ledger.', ''), replace(part.name, 'ledger.', '') || '_0');
      IF part.indisprimary THEN
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I PRIMARY KEY (seq, leg)', parent, parent || '_pkey');
      ELSE
        EXECUTE regexp_replace(replace(part.made, format('ON ledger.%s USING', old), format('ON ledger.%s USING', parent)),
          '^CREATE INDEX \S+', format('CREATE INDEX %I', replace(part.name, 'ledger.', '')));
      END IF;
    END LOOP;
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', parent);
    EXECUTE format('CREATE TRIGGER with_cursor BEFORE INSERT OR UPDATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_outside_cursor()', parent);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO plumb_app', parent);
    IF upto > 1 THEN
      EXECUTE format('DROP TRIGGER append_only ON %I', old);
      EXECUTE format('DROP TRIGGER with_cursor ON %I', old);
      EXECUTE format('DROP TRIGGER IF EXISTS move_balances ON %I', old);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)', parent, old, upto);
      PERFORM guard_partition(old);
    ELSE
      EXECUTE format('DROP TABLE %I', old);
    END IF;
  END LOOP;
END
$$;
CREATE TRIGGER move_balances AFTER INSERT ON transfers
  REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION move_balances();
SELECT ensure_partitions((SELECT seq FROM cursors WHERE consumer = 'ledger'));

-- Which orders are open, beside them: an index on the status of orders made every change of it rewrite all their indexes
-- (a quarter of the writer's time in PostgreSQL).
CREATE TABLE open_orders (
  account_id integer NOT NULL,
  created_seq bigint NOT NULL,
  order_id bigint NOT NULL,
  PRIMARY KEY (account_id, created_seq, order_id)
);
INSERT INTO open_orders SELECT account_id, created_seq, order_id FROM orders WHERE status = 0;
DROP INDEX orders_open_created;
CREATE TRIGGER with_cursor BEFORE INSERT OR UPDATE OR DELETE ON open_orders
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_outside_cursor();
GRANT SELECT, INSERT, DELETE ON open_orders TO plumb_app;
