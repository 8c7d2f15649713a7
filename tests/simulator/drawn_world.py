"""A small world drawn by a test: a flat road, some actors, some boxes of the town."""

from math import cos, sin

import numpy as np

from simulator.blueprints import vehicle_spec
from simulator.maps.ground import build_surface, flat_surface
from simulator.maps.town import BUILDINGS, ROADS, SIDEWALKS, Boxes, Surface
from simulator.world.contacts import first_overlap
from simulator.world.physics import Scratch, physics_step
from simulator.world.static_index import build_static_index
from simulator.world.tables import ACTOR, CONTACT, PROP, SENSOR, VEHICLE, VEHICLE_STATE, WALKER
from simulator.world.vehicles import default_state, set_physics

MKZ = "vehicle.lincoln.mkz_2020"
DT = 0.05


def make_boxes(rows) -> Boxes:
    """From rows of (x, y, z, half_x, half_y, half_z, yaw, label, solid)."""
    table = np.array(rows, np.float64).reshape(-1, 9)
    x, y, z, half_x, half_y, half_z, yaw = (np.ascontiguousarray(table[:, k]) for k in range(7))
    label, solid = table[:, 7].astype(np.uint8), table[:, 8].astype(np.uint8)
    return Boxes(x, y, z, half_x, half_y, half_z, yaw, label, solid, np.arange(len(table), dtype=np.uint64))


def quads_surface(quads, terrain_z=None) -> Surface:
    """From rows of (x0, y0, x1, y1, z at x0, z at x1, label): level or sloping along x."""
    vertices: list[tuple[float, float, float]] = []
    triangles: list[tuple[int, int, int]] = []
    labels: list[int] = []
    for x0, y0, x1, y1, z0, z1, label in quads:
        n = len(vertices)
        vertices += [(x0, y0, z0), (x1, y0, z1), (x1, y1, z1), (x0, y1, z0)]
        triangles += [(n, n + 1, n + 2), (n, n + 2, n + 3)]
        labels += [label, label]
    terrain = np.zeros((0, 0)) if terrain_z is None else np.full((2, 2), float(terrain_z))
    return build_surface(
        np.array(vertices, np.float64), np.array(triangles, np.int32), np.array(labels, np.uint8),
        np.zeros(len(labels), np.int32), terrain, 1000.0, -500.0, -500.0,
    )  # fmt: skip


class DrawnWorld:
    def __init__(self, boxes=(), surface: Surface | None = None) -> None:
        self.table = np.zeros(512, ACTOR)
        self.vehicles = np.zeros(256, VEHICLE_STATE)
        self.n = 0
        self.n_vehicles = 0
        self.boxes = make_boxes(boxes)
        self.index = build_static_index(self.boxes)
        self.surface = surface if surface is not None else flat_surface()
        self.scratch = Scratch()
        self._contacts = np.zeros(256, CONTACT)
        self.contacts = self._contacts[:0]

    @property
    def actors(self) -> np.ndarray:
        return self.table[: self.n]

    def __getitem__(self, row: int) -> np.void:
        return self.table[row]

    def add(
        self, kind: int, x=0.0, y=0.0, z=0.0, yaw=0.0, half=(0.5, 0.5, 0.5), center_z=0.0, mass=1.0, **fields
    ) -> int:
        row = self.n
        self.n += 1
        a = self.table[row]
        a["id"] = row + 1
        a["kind"], a["parent"], a["side"], a["lane"] = kind, -1, -1, -1
        a["simulate"], a["gravity"], a["collides"] = 1, 1, kind in (VEHICLE, WALKER, PROP)
        a["x"], a["y"], a["z"], a["yaw"] = x, y, z, yaw
        a["half_x"], a["half_y"], a["half_z"] = half
        a["center_z"], a["mass"] = center_z, mass
        for name, value in fields.items():
            a[name] = value
        return row

    def car(self, x=0.0, y=0.0, z=0.0, yaw=0.0, speed=0.0, type_id=MKZ, hand_brake=False, **fields) -> int:
        spec = vehicle_spec(type_id)
        row = self.add(VEHICLE, x, y, z, yaw, spec.half_extents, 0.0, spec.physics.mass)
        a = self.table[row]
        a["center_x"], a["center_y"], a["center_z"] = spec.center
        a["vx"], a["vy"] = speed * cos(yaw), speed * sin(yaw)
        side = self.n_vehicles
        self.n_vehicles += 1
        a["side"] = side
        self.vehicles[side]["actor"] = row
        default_state(self.vehicles, side)
        self.vehicles[side]["gear"] = 1  # as a car is that has been driven
        set_physics(self.vehicles, side, spec.physics, *spec.half_extents)
        self.vehicles[side]["hand_brake"] = hand_brake
        for name, value in fields.items():
            a[name] = value
        return row

    def walker(self, x=0.0, y=0.0, z=0.93, heading=0.0, speed=0.0, **fields) -> int:
        return self.add(
            WALKER, x, y, z, half=(0.1875, 0.1875, 0.93), mass=75.0,
            walk_x=cos(heading), walk_y=sin(heading), walk_speed=speed, **fields,
        )  # fmt: skip

    def cone(self, x=0.0, y=0.0, z=0.0, mass=3.0, **fields) -> int:
        return self.add(PROP, x, y, z, half=(0.17, 0.17, 0.295), center_z=0.295, mass=mass, **fields)

    def sensor(self, parent: int, rel_x=0.0, rel_y=0.0, rel_z=0.0, rel_roll=0.0, rel_pitch=0.0, rel_yaw=0.0) -> int:
        return self.add(
            SENSOR, half=(0.0, 0.0, 0.0), mass=0.0, parent=parent, simulate=0, rel_x=rel_x, rel_y=rel_y, rel_z=rel_z,
            rel_roll=rel_roll, rel_pitch=rel_pitch, rel_yaw=rel_yaw,
        )  # fmt: skip

    def step(self, ticks=1, dt=DT, substeps=5) -> None:
        for _ in range(ticks):
            count = physics_step(
                self.table, self.n, self.vehicles, self.n_vehicles, self.surface, self.boxes, self.index,
                self._contacts, self.scratch, dt, substeps,
            )  # fmt: skip
            self.contacts = self._contacts[:count]

    def run(self, ticks, **how) -> list[tuple[int, int, int]]:
        """Step; returns each (a, b, static_box) that met at any time, once, in order of time."""
        met = []
        for _ in range(ticks):
            self.step(**how)
            for contact in self.contacts:
                pair = (int(contact["a"]), int(contact["b"]), int(contact["static_box"]) if contact["b"] < 0 else -1)
                if pair not in met:
                    met.append(pair)
        return met

    def overlap(self, kind, x, y, z, half, center_z, yaw=0.0, ignore_row=-1) -> int:
        return first_overlap(
            self.table,
            self.n,
            self.boxes,
            self.index,
            x,
            y,
            z,
            0.0,
            0.0,
            yaw,
            (0.0, 0.0, center_z),
            half,
            ignore_row,
            kind,
        )

    def speed(self, row: int) -> float:
        return float(np.hypot(self.table["vx"][row], self.table["vy"][row]))


POLE = (10.0, 0.0, 3.0, 0.15, 0.15, 3.0, 0.0, 6, 1)
HOUSE = (30.0, 20.0, 5.0, 8.0, 6.0, 5.0, 0.5, BUILDINGS, 1)
__all__ = ["DT", "HOUSE", "MKZ", "POLE", "ROADS", "SIDEWALKS", "DrawnWorld", "make_boxes", "quads_surface"]
