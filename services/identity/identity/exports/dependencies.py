"""What the export's route may ask for."""

import asyncio
from typing import Annotated

from chassis.web import Calls
from fastapi import Depends, Request

from identity.dependencies import Config, Transactions
from identity.exports.service import Sources


async def _sources(request: Request, database: Transactions, calls: Calls, settings: Config) -> Sources:
    turns: asyncio.Semaphore = request.app.state.export_turns
    return Sources(database, calls, request.app.state.storage, settings, turns)


ExportSources = Annotated[Sources, Depends(_sources)]
