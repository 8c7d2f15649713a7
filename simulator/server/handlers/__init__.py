"""What the server does for each call: importing this package fills the table in `registry`."""

from simulator.server.handlers import (  # noqa: F401
    actors,
    batch,
    episode,
    lights,
    maps,
    misc,
    sensors,
    vehicles,
    walkers,
)
from simulator.server.handlers.registry import HANDLERS

__all__ = ["HANDLERS"]
