"""What can go wrong with a stack, told to its user in one message.

StackError                      exit code 1, the message and no traceback
├── DataDirUnusable             read-only, not a Lyceum folder, too little disk
├── AlreadyRunning              another supervisor holds this data dir
├── NotRunning                  the command needs a running stack
├── PortBusy                    somebody listens where the gateway should
├── PostgresFailed              the database server cannot be found, made or started
├── BrokerFailed                the broker cannot be found or started
├── OidcFailed                  the identity provider to try cannot be installed or started
├── MigrationFailed             alembic refused; the message holds its last lines
└── NotReady                    a process did not become ready in its time
"""

from __future__ import annotations


class StackError(Exception):
    """A situation of the stack; its text is what the user reads."""


class DataDirUnusable(StackError):
    pass


class AlreadyRunning(StackError):
    pass


class NotRunning(StackError):
    pass


class PortBusy(StackError):
    pass


class PostgresFailed(StackError):
    pass


class BrokerFailed(StackError):
    pass


class OidcFailed(StackError):
    pass


class MigrationFailed(StackError):
    pass


class NotReady(StackError):
    pass
