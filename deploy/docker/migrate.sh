#!/bin/sh
# Bring every service's database to the newest revision, one after the other; stop at the first that fails.
set -eu
for service in identity catalog learning assessment instructor analytics; do
    echo "migrating $service"
    alembic -c "/app/services/$service/alembic.ini" upgrade head
done
