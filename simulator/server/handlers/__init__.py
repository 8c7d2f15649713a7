"""What the server does for each call: importing this package fills the table in `registry`."""

import simulator.server.handlers.actors
import simulator.server.handlers.batch
import simulator.server.handlers.episode
import simulator.server.handlers.lights
import simulator.server.handlers.maps
import simulator.server.handlers.misc
import simulator.server.handlers.sensors
import simulator.server.handlers.vehicles
import simulator.server.handlers.walkers
from simulator.server.handlers.registry import HANDLERS

__all__ = ["HANDLERS"]
