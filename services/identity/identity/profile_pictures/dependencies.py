"""What the routes of pictures may ask for."""

from typing import Annotated

from fastapi import Depends, Request

from chassis import pictures, storage


async def _storage(request: Request) -> storage.Storage:
    found: storage.Storage = request.app.state.storage
    return found


async def _darkroom(request: Request) -> pictures.Darkroom:
    found: pictures.Darkroom = request.app.state.darkroom
    return found


Files = Annotated[storage.Storage, Depends(_storage)]
Darkroom = Annotated[pictures.Darkroom, Depends(_darkroom)]
