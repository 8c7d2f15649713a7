"""What the server does for each call: importing this package fills the table in `registry`."""

from simulator.server.handlers import actors as actors
from simulator.server.handlers import batch as batch
from simulator.server.handlers import episode as episode
from simulator.server.handlers import lights as lights
from simulator.server.handlers import maps as maps
from simulator.server.handlers import misc as misc
from simulator.server.handlers import parts as parts
from simulator.server.handlers import sensors as sensors
from simulator.server.handlers import vehicles as vehicles
from simulator.server.handlers import walkers as walkers
from simulator.server.handlers.registry import HANDLERS

__all__ = ["HANDLERS"]
