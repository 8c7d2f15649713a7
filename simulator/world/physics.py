"""One step of everything that moves: vehicles, walkers, props, their contacts, and what is attached to them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.maps.town import Boxes, Surface
from simulator.world.bodies import is_finite, rotation_matrix, tame
from simulator.world.contacts import BODY, PAIR, clear_pairs, find_pairs, solve, write_contacts
from simulator.world.props import prop_substep
from simulator.world.static_index import StaticIndex
from simulator.world.tables import PROP, VEHICLE, WALKER
from simulator.world.vehicles import vehicle_begin_tick, vehicle_substep
from simulator.world.walkers import walker_substep

__all__ = ["Scratch", "physics_step"]

Table = NDArray[Any]


class Scratch:
    """Arrays that a step works in. They carry nothing from one step to the next and grow when needed."""

    def __init__(self) -> None:
        self.bodies: Table = np.zeros(64, BODY)
        self.pairs: Table = np.zeros(256, PAIR)


def physics_step(
    actors: Table,
    n_actors: int,
    vehicles: Table,
    n_vehicles: int,
    surface: Surface,
    boxes: Boxes,
    index: StaticIndex,
    contacts: Table,
    scratch: Scratch,
    dt: float,
    substeps: int,
) -> int:
    """Move the world on by dt seconds in equal substeps; returns how many contacts it wrote.

    Pending forces act throughout the step and are cleared.
    """
    if dt <= 0.0:
        return 0
    if len(scratch.bodies) < n_actors:
        scratch.bodies = np.zeros(2 * n_actors, BODY)
    while True:
        done: int = _step(
            actors, n_actors, vehicles, n_vehicles, surface, boxes, index,
            contacts, scratch.bodies, scratch.pairs, float(dt), substeps,
        )  # fmt: skip
        if done >= 0:
            return done
        scratch.pairs = np.zeros(-2 * done, PAIR)  # nothing has moved yet: try again with room enough


@njit
def _step(  # type: ignore[no-untyped-def]
    actors, n_actors, vehicles, n_vehicles, surface, boxes, index, contacts, bodies, pairs, dt, substeps
):
    """As physics_step; -k where k pairs do not fit into `pairs`."""
    n_pairs = find_pairs(actors, n_actors, vehicles, boxes, index, bodies, pairs, dt)
    if n_pairs > len(pairs):
        return -n_pairs
    clear_pairs(pairs, n_pairs)
    before = np.empty((n_actors, 9))
    movers = np.empty(n_actors, np.int32)
    n_movers = _begin(actors, n_actors, before, movers)
    for i in range(n_vehicles):
        if actors[vehicles[i].actor].parent < 0:
            vehicle_begin_tick(actors, vehicles, i, surface, dt)
    small = dt / substeps
    for _ in range(substeps):
        for i in range(n_vehicles):
            if actors[vehicles[i].actor].parent < 0:
                vehicle_substep(actors, vehicles, i, surface, small)
        for m in range(n_movers):
            row = movers[m]
            if actors[row].kind == WALKER:
                walker_substep(actors, row, surface, small)
            else:
                prop_substep(actors, row, surface, small)
        if n_pairs > 0:
            solve(actors, n_actors, boxes, index, bodies, pairs, n_pairs, small)
    _end(actors, n_actors, before, dt)
    return write_contacts(pairs, n_pairs, contacts)


@njit
def _begin(actors, n, before, movers):  # type: ignore[no-untyped-def]
    """Note velocities and poses; find the walkers and props that move. With physics off a body has no velocity."""
    n_movers = 0
    for row in range(n):
        a = actors[row]
        tame(a)
        before[row, 0], before[row, 1], before[row, 2] = a.vx, a.vy, a.vz
        before[row, 3], before[row, 4], before[row, 5] = a.x, a.y, a.z
        before[row, 6], before[row, 7], before[row, 8] = a.roll, a.pitch, a.yaw
        if (a.kind == WALKER or a.kind == PROP) and a.parent < 0:
            if a.simulate == 1:
                movers[n_movers] = row
                n_movers += 1
            elif a.placed == 0:
                a.vx, a.vy, a.vz = 0.0, 0.0, 0.0
                a.wx, a.wy, a.wz = 0.0, 0.0, 0.0
    return n_movers


@njit
def _end(actors, n, before, dt):  # type: ignore[no-untyped-def]
    """Accelerations (vehicles know their own), attached actors, and forces spent.

    A parent has a lower row than what is attached to it, so its pose is final when theirs follows from it.
    A body whose numbers overflowed (physics controls may be absurd) stands where it was: no other part of the world
    has to fear places that are not numbers.
    """
    for row in range(n):
        a = actors[row]
        if not is_finite(a):
            a.x, a.y, a.z = before[row, 3], before[row, 4], before[row, 5]
            a.roll, a.pitch, a.yaw = before[row, 6], before[row, 7], before[row, 8]
            a.vx, a.vy, a.vz = 0.0, 0.0, 0.0
            a.wx, a.wy, a.wz = 0.0, 0.0, 0.0
            a.ax, a.ay, a.az = 0.0, 0.0, 0.0
        if a.parent >= 0:
            attach(a, actors[a.parent])
        elif a.kind != VEHICLE:
            a.ax = (a.vx - before[row, 0]) / dt
            a.ay = (a.vy - before[row, 1]) / dt
            a.az = (a.vz - before[row, 2]) / dt
        a.force_x, a.force_y, a.force_z = 0.0, 0.0, 0.0
        a.torque_x, a.torque_y, a.torque_z = 0.0, 0.0, 0.0


@njit
def attach(a, parent):  # type: ignore[no-untyped-def]
    """Put an actor where its parent carries it; it moves as the parent does.

    As simulator.world.pose.compose, without leaving the kernel.
    """
    p00, p01, p02, p10, p11, p12, p20, p21, p22 = rotation_matrix(parent.roll, parent.pitch, parent.yaw)
    r00, r01, r02, r10, r11, r12, r20, r21, r22 = rotation_matrix(a.rel_roll, a.rel_pitch, a.rel_yaw)
    a.x = parent.x + p00 * a.rel_x + p01 * a.rel_y + p02 * a.rel_z
    a.y = parent.y + p10 * a.rel_x + p11 * a.rel_y + p12 * a.rel_z
    a.z = parent.z + p20 * a.rel_x + p21 * a.rel_y + p22 * a.rel_z
    sin_pitch = p20 * r00 + p21 * r10 + p22 * r20
    a.pitch = np.arcsin(min(max(sin_pitch, -1.0), 1.0))
    if abs(sin_pitch) > 0.9999999:  # straight up or down: yaw and roll turn about one axis
        a.roll = 0.0
        a.yaw = np.arctan2(-(p00 * r01 + p01 * r11 + p02 * r21), p10 * r01 + p11 * r11 + p12 * r21)
    else:
        a.roll = np.arctan2(-(p20 * r01 + p21 * r11 + p22 * r21), p20 * r02 + p21 * r12 + p22 * r22)
        a.yaw = np.arctan2(p10 * r00 + p11 * r10 + p12 * r20, p00 * r00 + p01 * r10 + p02 * r20)
    a.vx, a.vy, a.vz = parent.vx, parent.vy, parent.vz
    a.wx, a.wy, a.wz = parent.wx, parent.wy, parent.wz
    a.ax, a.ay, a.az = parent.ax, parent.ay, parent.az
