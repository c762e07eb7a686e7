-- Two roles: the owner migrates, the application reads and appends. Both are roles to act as, not to log in with.
-- A login that may not create roles finds them made by its operator and only needs to be a member of both.
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['plumb_owner', 'plumb_app'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- another database of this server was migrated at the same moment
      END;
    END IF;
    IF NOT pg_has_role(current_user, wanted, 'USAGE') OR NOT pg_has_role(current_user, wanted, 'SET') THEN
      EXECUTE format('GRANT %I TO %I WITH INHERIT TRUE, SET TRUE', wanted, current_user);
    END IF;
  END LOOP;
END
$$;

ALTER SCHEMA ledger OWNER TO plumb_owner;
GRANT USAGE ON SCHEMA ledger TO plumb_app;
GRANT SELECT ON ledger.migrations TO plumb_app;
