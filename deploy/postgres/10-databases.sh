#!/bin/bash
# Run once by the official image when its data folder is empty: for each service a database and the one role
# that may connect to it. The passwords come as <SERVICE>_DB_PASSWORD.
set -euo pipefail

as_superuser() {
    psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" "$@"
}

# A new database is a copy of template1: extensions, which a plain role may not create, are copied along.
as_superuser --dbname template1 <<'SQL'
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
SQL

# By default everybody may connect everywhere.
as_superuser --dbname postgres <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL

for service in identity catalog learning assessment instructor analytics; do
    password_variable="${service^^}_DB_PASSWORD"
    # psql quotes :"name" as an identifier and :'password' as a literal. Over standard input: an argument
    # would show the password to every process listing.
    as_superuser --dbname postgres <<SQL
\\set name $service
\\getenv password $password_variable
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
