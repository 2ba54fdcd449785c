-- One owner, who migrates, and one role for each service, which reaches its own schema and nothing else.
-- As administrator:  psql -d ordering -f roles.sql, with OWNER_PASSWORD, AUTH_PASSWORD, ORDER_PASSWORD,
-- PAYMENT_PASSWORD and PROMOTION_PASSWORD in the environment. Run it again to set new passwords.
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv auth_password AUTH_PASSWORD
\getenv order_password ORDER_PASSWORD
\getenv payment_password PAYMENT_PASSWORD
\getenv promotion_password PROMOTION_PASSWORD

SELECT format('CREATE ROLE %I LOGIN', role)
FROM unnest(ARRAY['ordering_owner', 'ordering_auth', 'ordering_order', 'ordering_payment', 'ordering_promotion']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
\gexec

ALTER ROLE ordering_owner PASSWORD :'owner_password';
ALTER ROLE ordering_auth PASSWORD :'auth_password';
ALTER ROLE ordering_order PASSWORD :'order_password';
ALTER ROLE ordering_payment PASSWORD :'payment_password';
ALTER ROLE ordering_promotion PASSWORD :'promotion_password';

SELECT format('ALTER DATABASE %I OWNER TO ordering_owner', current_database()) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO ordering_auth, ordering_order, ordering_payment, ordering_promotion',
              current_database()) \gexec

-- A managed database's administrator is no superuser and must be a member to act for the owner.
SELECT format('GRANT ordering_owner TO %I', current_user)
WHERE NOT pg_has_role(current_user, 'ordering_owner', 'MEMBER')
\gexec
SET ROLE ordering_owner;
SET client_min_messages = warning;

CREATE SCHEMA IF NOT EXISTS auth;
CREATE SCHEMA IF NOT EXISTS orders;
CREATE SCHEMA IF NOT EXISTS payments;
CREATE SCHEMA IF NOT EXISTS promotions;

-- Tables that are there already, and those that migrations will add.
SELECT statement
FROM (VALUES ('auth', 'ordering_auth'), ('orders', 'ordering_order'), ('payments', 'ordering_payment'),
             ('promotions', 'ordering_promotion')) AS own (schema, role),
LATERAL (VALUES
    (format('GRANT USAGE ON SCHEMA %I TO %I', schema, role)),
    (format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', schema, role)),
    (format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO %I', schema, role)),
    (format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', schema, role)),
    (format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I', schema, role)),
    -- Where the history of migrations is: a service asks it whether the database is up to date.
    (format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', role)),
    (format('ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO %I', role))
) AS every (statement)
\gexec

-- The trail of payments and refunds is written and never rewritten.
SELECT 'REVOKE UPDATE, DELETE ON payments.payment_events FROM ordering_payment'
WHERE to_regclass('payments.payment_events') IS NOT NULL
\gexec
