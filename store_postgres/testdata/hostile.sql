-- What a role that may create things in a schema can put in the way of another
-- one's statements. The name of the schema stands for "trap". A function that
-- failed would not be counted in pg_stat_user_functions: so each returns NULL.
SET search_path TO pg_catalog, pg_temp;

CREATE FUNCTION trap.hijack(anyelement) RETURNS boolean LANGUAGE plpgsql AS $f$BEGIN RETURN NULL; END$f$;

-- The same operators as in pg_catalog, for a search_path that names this schema first.
DO $$ DECLARE o record; BEGIN
	FOR o IN SELECT oid, oprname AS name, format_type(oprresult, NULL) AS result,
			nullif(format_type(oprleft, NULL), '-') AS l, format_type(oprright, NULL) AS r FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION trap.operator%s(%s) RETURNS %s LANGUAGE plpgsql AS $f$BEGIN RETURN NULL; END$f$',
				o.oid, concat_ws(',', o.l, o.r), o.result);
			EXECUTE format('CREATE OPERATOR trap.%s (%s RIGHTARG = %s, FUNCTION = trap.operator%s)',
				o.name, 'LEFTARG = ' || o.l || ',', o.r, o.oid);
		EXCEPTION WHEN OTHERS THEN NULL; -- of a type that no such function can have
		END;
	END LOOP;
END $$;

-- Operators that match the types of their arguments better than those of
-- pg_catalog, which come first where the search_path does not name pg_catalog.
DO $$ DECLARE l text; r text; name text; n int := 0; BEGIN
	CREATE TEMP TABLE kinds AS SELECT unnest('{boolean,smallint,integer,bigint,numeric,double precision,text,varchar,"\"char\"",bpchar,name,uuid,bytea,timestamptz,interval,text[],uuid[]}'::text[]) AS kind;
	FOR l, r IN SELECT a.kind, b.kind FROM kinds a, kinds b LOOP
		n := n + 1;
		EXECUTE format('CREATE FUNCTION trap.pair%s(%s, %s) RETURNS boolean LANGUAGE plpgsql AS $f$BEGIN RETURN NULL; END$f$', n, l, r);
		FOREACH name IN ARRAY '{=,<>,<,<=,>,>=,+,-,*,/,||}'::text[] LOOP
			BEGIN
				EXECUTE format('CREATE OPERATOR trap.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = trap.pair%s)', name, l, r, n);
			EXCEPTION WHEN duplicate_function THEN NULL;
			END;
		END LOOP;
	END LOOP;
	DROP TABLE kinds;
END $$;

-- The same functions as in pg_catalog, aggregates among them.
DO $$ DECLARE f record; BEGIN
	FOR f IN SELECT proname AS name, proretset, format_type(prorettype, NULL) AS result,
			(SELECT string_agg(format_type(t, NULL), ',' ORDER BY n) FROM unnest(proargtypes) WITH ORDINALITY a(t, n)) AS args
			FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS %s %s LANGUAGE plpgsql AS $f$BEGIN RETURN %s; END$f$',
				f.name, f.args, CASE WHEN f.proretset THEN 'SETOF' END, f.result, CASE WHEN NOT f.proretset AND f.result <> 'void' THEN 'NULL' END);
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
	END LOOP;
END $$;

-- Types that check with the function, and a collation.
DO $$ DECLARE name text; BEGIN
	FOR name IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typelem = 0 LOOP
		BEGIN
			EXECUTE format('CREATE DOMAIN trap.%I AS pg_catalog.%I CHECK (trap.hijack(VALUE))', name, name);
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
	END LOOP;
	CREATE COLLATION trap."C" (LOCALE = 'C.UTF-8');
END $$;
