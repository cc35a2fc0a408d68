"""What the routes of files may ask for beside what every route may."""

from typing import Annotated

from chassis.db import Database
from chassis.pictures import Darkroom as PictureMaker
from chassis.storage import Storage
from fastapi import Depends, Request


async def _database(request: Request) -> Database:
    found: Database = request.app.state.database
    return found


async def _storage(request: Request) -> Storage:
    found: Storage = request.app.state.storage
    return found


async def _darkroom(request: Request) -> PictureMaker:
    found: PictureMaker = request.app.state.darkroom
    return found


Transactions = Annotated[Database, Depends(_database)]
"""For what must not hold a transaction open while a file comes or goes."""
Files = Annotated[Storage, Depends(_storage)]
Darkroom = Annotated[PictureMaker, Depends(_darkroom)]
