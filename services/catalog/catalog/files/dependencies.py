"""What the routes of files may ask for beside what every route may."""

from typing import Annotated

from chassis.db import Database
from fastapi import Depends, Request


async def _database(request: Request) -> Database:
    found: Database = request.app.state.database
    return found


Transactions = Annotated[Database, Depends(_database)]
"""For what must not hold a transaction open while a file comes or goes."""
