-- The journal's database: a server of its own, so that trouble of the watched one is never trouble of what tells it.
\set QUIET on
\set password `cat /run/secrets/journal`
SET log_statement = 'none';
SET log_min_error_statement = 'panic';

CREATE ROLE aiops LOGIN PASSWORD :'password';
CREATE DATABASE aiops OWNER aiops ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;

ALTER ROLE postgres PASSWORD NULL;
