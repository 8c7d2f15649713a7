"""All that sensors see of an episode: the town, made when first looked at, and everything that moves in it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.maps.town import TownMap
from simulator.scene.materials import Materials
from simulator.scene.movers import Movers
from simulator.scene.tables import INSTANCE, LIGHT_GREEN, LIGHT_RED, LIGHT_STREET, LIGHT_YELLOW, Frame
from simulator.scene.town import GROUND_INSTANCE, Scenery, build_scenery
from simulator.world.lights import GREEN, RED, YELLOW
from simulator.world.world import World

_HIDDEN_BELOW_M = -1e5  # World.show_boxes sinks what it hides to -1e6
_BITS_OF_STATE = np.zeros(256, np.uint32)
_BITS_OF_STATE[[RED, YELLOW, GREEN]] = LIGHT_RED, LIGHT_YELLOW, LIGHT_GREEN


class Standing(NamedTuple):
    """A town's own triangles. All of it follows from the map's file, and no episode changes it."""

    town_sha256: str
    materials: Materials
    scenery: Scenery


class Scene:
    """The scene of one town. Building it takes up to a second for a large one: do it outside the event loop.

    One scene serves one episode: the movers remember where their actors were.
    """

    def __init__(self, town: TownMap, before: Standing | None = None) -> None:
        """`before` is what stood in the last episode, which serves again in the same town."""
        self.town = town
        if before is None or before.town_sha256 != town.sha256:
            materials = Materials()
            before = Standing(town.sha256, materials, build_scenery(town, materials))
        self.standing = before
        self.materials, self._scenery = before.materials, before.scenery
        self._movers = Movers(town, self.materials, len(self._scenery.instances))
        self._lit_boxes: frozenset[int] = frozenset()
        lamps = self._scenery.lamp_rows
        self._lamp_ids = town.boxes.id[lamps] & np.uint64(0xFFFFFFFF)
        self._lamps_lit = np.zeros(len(lamps), np.uint8)

    def light_lamps(self, ids: set[int]) -> None:
        """Street lamps that clients have switched on: the lower 32 bits of their boxes' ids, as on the wire."""
        wanted = frozenset(ids)
        if wanted != self._lit_boxes:
            self._lit_boxes = wanted
            self._lamps_lit = np.isin(self._lamp_ids, np.array(sorted(wanted), np.uint64)).astype(np.uint8)

    def follow(self, world: World) -> None:
        """Take note of a tick at which nobody looks, so that wheels and legs keep turning."""
        self._movers.follow(world)

    def frame(self, world: World, number: int) -> Frame:
        """What can be seen after the world's last step."""
        return self._frame(world, self._movers, number)

    def rehearsal(self, weather: tuple[float, ...]) -> Frame:
        """The town before anything has happened in it: to be drawn once, so that the first real picture is quick."""
        world = World(self.town)
        world.weather = weather
        return self._frame(world, Movers(self.town, self.materials, len(self._scenery.instances)), 0)

    def _frame(self, world: World, movers: Movers, number: int) -> Frame:
        moving = movers.update(world)
        scenery = self._scenery
        return Frame(
            number=number,
            elapsed_s=world.elapsed_s,
            delta_s=world.delta_s,
            seed=world.seed,
            weather=world.weather,
            static=scenery.geometry,
            movers=moving.geometry,
            materials=self.materials.table(),
            instances=self._instances(world, moving.instances),
            n_static=len(scenery.instances),
            atlas=scenery.atlas,
            casters=moving.casters,
            lamps=scenery.lamps,
            lamps_lit=self._lamps_lit,
        )

    def _instances(self, world: World, moving: NDArray[np.void]) -> NDArray[np.void]:
        """The town's rows as they are now, and those that move: lights lit, boxes hidden, actors' ids."""
        standing = self._scenery.instances
        # As bytes: numpy copies records field by field, which takes ten times as long.
        rows = np.concatenate((standing.view(np.uint8), moving.view(np.uint8))).view(INSTANCE)
        of_box = rows[GROUND_INSTANCE + 1 : len(standing)]
        of_box["hidden"] = world.boxes.z < _HIDDEN_BELOW_M
        heads = self._scenery.head_rows
        has_head = np.flatnonzero(heads >= 0)
        of_box["id"][heads[has_head]] = world.actors["id"][has_head]  # signals are a world's first actors, in order
        lights = has_head[has_head < len(world.lights.lights)]
        of_box["lights"][heads[lights]] = _BITS_OF_STATE[world.lights.lights["state"][lights]]
        of_box["lights"][self._scenery.lamp_rows[self._lamps_lit != 0]] |= LIGHT_STREET
        return rows
