"""How the embedded server is set: small, quiet, safe."""

from __future__ import annotations

HOST_BASED_ACCESS = """\
# TYPE  DATABASE  USER  ADDRESS        METHOD
host    all       all   127.0.0.1/32   scram-sha-256
"""

SERVER = """\
# Written anew at each start. Yours go to custom.conf beside this file; they win.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = {max_connections}
password_encryption = 'scram-sha-256'

# Memory: thirteen processes of Lyceum share the machine with us.
shared_buffers = 32MB
work_mem = 4MB
maintenance_work_mem = 32MB
temp_buffers = 2MB
huge_pages = off
jit = off
# Reading in the session itself saves the three I/O workers.
io_method = sync
max_worker_processes = 4
max_parallel_workers = 2
max_parallel_workers_per_gather = 1
max_logical_replication_workers = 0

# Log: nobody replicates from us; a development disk is small.
wal_level = minimal
max_wal_senders = 0
wal_buffers = 2MB
min_wal_size = 32MB
max_wal_size = 256MB

# Sleep: few wakeups while nothing happens.
autovacuum_worker_slots = 4
autovacuum_max_workers = 2
autovacuum_naptime = {naptime}
bgwriter_delay = 1s
wal_writer_delay = 1s

# Values of people never reach the log: no statement, no parameter, no DETAIL, and no ERROR at all, whose text
# quotes what was wrong. The service that asked has the error.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = none
log_min_duration_statement = -1
log_connections = off
log_disconnections = off
log_checkpoints = off
log_autovacuum_min_duration = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_line_prefix = '%m [%p] %d '
log_timezone = 'UTC'

shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.max = 1000
pg_stat_statements.track_planning = off

timezone = 'UTC'
datestyle = 'iso, mdy'
lc_messages = 'C'
lc_monetary = 'C'
lc_numeric = 'C'
lc_time = 'C'
default_text_search_config = 'pg_catalog.english'

{durability}
include = 'custom.conf'
"""

DURABLE = """\
fsync = on
synchronous_commit = on
full_page_writes = on
"""

FAST = """\
# For tests: a crash of the machine may lose the cluster. A killed server still loses nothing: what is committed was
# handed to the kernel.
fsync = off
synchronous_commit = on
full_page_writes = off
checkpoint_timeout = 1h
"""


def server_settings(port: int, max_connections: int, *, durable: bool) -> str:
    """The text of postgresql.conf."""
    return SERVER.format(
        port=port,
        max_connections=max_connections,
        naptime="1min" if durable else "5min",
        durability=DURABLE if durable else FAST,
    )
