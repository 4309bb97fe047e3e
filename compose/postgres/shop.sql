-- The watched database. Run once, when the cluster is made; the passwords are files of this container alone.
\set QUIET on
\set shop `cat /run/secrets/shop`
\set checkout `cat /run/secrets/checkout`
\set reports `cat /run/secrets/reports`
\set monitor `cat /run/secrets/monitor`
\set operator `cat /run/secrets/operator`
\set exporter `cat /run/secrets/exporter`
CREATE DATABASE shop ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\connect shop
SET log_statement = 'none';
SET log_min_error_statement = 'panic';

CREATE EXTENSION pg_stat_statements;
CREATE ROLE shop LOGIN PASSWORD :'shop';
CREATE ROLE checkout LOGIN PASSWORD :'checkout';
CREATE ROLE reports LOGIN PASSWORD :'reports';
-- Detectors and diagnosers look; the resolver may end sessions and set limits of the applications' roles.
CREATE ROLE monitor LOGIN PASSWORD :'monitor' IN ROLE pg_monitor;
CREATE ROLE operator LOGIN CREATEROLE PASSWORD :'operator' IN ROLE pg_monitor, pg_signal_backend;
-- Since PostgreSQL 16 a role's limits are set by who holds it with the admin option.
GRANT shop, checkout, reports TO operator WITH ADMIN OPTION;
CREATE ROLE exporter LOGIN PASSWORD :'exporter' IN ROLE pg_monitor;

CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, stock int NOT NULL);
INSERT INTO items SELECT i, 'item ' || i, 1000000 FROM generate_series(1, 200) i;
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item int NOT NULL REFERENCES items,
  at timestamptz NOT NULL DEFAULT now());
CREATE INDEX orders_by_item ON orders (item);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shop;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO checkout, reports;

ALTER ROLE postgres PASSWORD NULL;
