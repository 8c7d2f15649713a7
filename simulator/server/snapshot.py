"""The tables of the world as the records of an episode state message, in one pass."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import njit
from simulator.protocol.state import ACTOR_RECORD, RECORD_BYTES, VEHICLE_RECORD
from simulator.world.tables import SENSOR, SPECTATOR, TRAFFIC_LIGHT, TRAFFIC_SIGN, VEHICLE, WALKER
from simulator.world.world import World

SIGN_ID_BYTES = 32


class StatePacker:
    """Keeps the buffers of one world's state messages."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._records: NDArray[np.uint8] = np.zeros((64, RECORD_BYTES), np.uint8)
        # One word of memory seen as float, unsigned and bytes: records are packed, so no field is aligned.
        self._word = np.zeros(1, np.float32)
        signals = world.town.signals
        self._sign_ids = np.zeros((len(signals.sign_id), SIGN_ID_BYTES), np.uint8)
        for row, sign_id in enumerate(signals.sign_id):
            text = sign_id.encode()[:SIGN_ID_BYTES]
            self._sign_ids[row, : len(text)] = np.frombuffer(text, np.uint8)

    def pack(self) -> NDArray[np.void]:
        """An ACTOR_RECORD for every actor, in order of their rows. Valid until the next call."""
        register = self._world.register
        count = register.n_actors
        if count > len(self._records):
            self._records = np.zeros((2 * count, RECORD_BYTES), np.uint8)
        _pack(
            register.actors,
            count,
            register.vehicles,
            self._world.lights.lights,
            self._sign_ids,
            self._records,
            self._word,
            self._word.view(np.uint32),
            self._word.view(np.uint8),
        )
        return self._records[:count].reshape(-1).view(ACTOR_RECORD)

    def hash(self, records: NDArray[np.void]) -> str:
        """Of all records but those of sensors and of the spectator, which only look on.

        Ids count from the episode's first, so that the hash does not tell what ran before it.
        """
        kinds = self._world.register.actors["kind"][: len(records)]
        acting = (kinds != SENSOR) & (kinds != SPECTATOR)
        told = records[acting]
        told["id"] -= self._world.first_id
        light = told.view(VEHICLE_RECORD)["traffic_light_id"]
        light[(kinds[acting] == VEHICLE) & (light > 0)] -= self._world.first_id
        return hashlib.blake2b(told.tobytes(), digest_size=16).hexdigest()


@njit
def _float(row, at, value, word, word_bytes):  # type: ignore[no-untyped-def]
    word[0] = value
    for k in range(4):
        row[at + k] = word_bytes[k]


@njit
def _int(row, at, value, word_u4, word_bytes):  # type: ignore[no-untyped-def]
    word_u4[0] = value
    for k in range(4):
        row[at + k] = word_bytes[k]


@njit
def _degrees(angle):  # type: ignore[no-untyped-def]
    """In [-180, 180]: angles of a car that turns for long grow without end."""
    turned = angle * (180.0 / np.pi)
    if turned > 180.0 or turned < -180.0:
        turned -= 360.0 * np.floor((turned + 180.0) / 360.0)
    return turned


@njit
def _pack(actors, count, vehicles, lights, sign_ids, out, word, word_u4, word_bytes):  # type: ignore[no-untyped-def]
    """Offsets as in simulator.protocol.state (a test holds them against each other)."""
    for i in range(count):
        a = actors[i]
        row = out[i]
        _int(row, 0, a.id, word_u4, word_bytes)
        row[4] = a.state
        _float(row, 5, a.x, word, word_bytes)
        _float(row, 9, a.y, word, word_bytes)
        _float(row, 13, a.z, word, word_bytes)
        _float(row, 17, _degrees(a.pitch), word, word_bytes)
        _float(row, 21, _degrees(a.yaw), word, word_bytes)
        _float(row, 25, _degrees(a.roll), word, word_bytes)
        _float(row, 29, a.vx, word, word_bytes)
        _float(row, 33, a.vy, word, word_bytes)
        _float(row, 37, a.vz, word, word_bytes)
        _float(row, 41, a.wx * (180.0 / np.pi), word, word_bytes)
        _float(row, 45, a.wy * (180.0 / np.pi), word, word_bytes)
        _float(row, 49, a.wz * (180.0 / np.pi), word, word_bytes)
        _float(row, 53, a.ax, word, word_bytes)
        _float(row, 57, a.ay, word, word_bytes)
        _float(row, 61, a.az, word, word_bytes)
        for k in range(65, row.shape[0]):
            row[k] = 0
        if a.kind == VEHICLE:
            v = vehicles[a.side]
            _float(row, 65, v.throttle, word, word_bytes)
            _float(row, 69, v.steer, word, word_bytes)
            _float(row, 73, v.brake, word, word_bytes)
            row[77] = v.hand_brake
            row[78] = v.reverse
            row[79] = v.manual_gear_shift
            _int(row, 80, np.uint32(v.gear), word_u4, word_bytes)
            _float(row, 84, v.speed_limit_kmh, word, word_bytes)
            row[88] = v.traffic_light_state
            row[89] = v.has_traffic_light
            _int(row, 90, v.traffic_light_id, word_u4, word_bytes)
            row[94] = v.failure_state
        elif a.kind == WALKER:
            _float(row, 65, a.walk_x, word, word_bytes)
            _float(row, 69, a.walk_y, word, word_bytes)
            _float(row, 73, a.walk_z, word, word_bytes)
            _float(row, 77, a.walk_speed, word, word_bytes)
            row[81] = a.jump
        elif a.kind == TRAFFIC_LIGHT:
            for k in range(sign_ids.shape[1]):
                row[65 + k] = sign_ids[i, k]
            light = lights[a.side]
            _float(row, 97, light.green_s, word, word_bytes)
            _float(row, 101, light.yellow_s, word, word_bytes)
            _float(row, 105, light.red_s, word, word_bytes)
            _float(row, 109, light.elapsed_s, word, word_bytes)
            _int(row, 113, light.pole_index, word_u4, word_bytes)
            row[117] = light.frozen
            row[118] = light.state
        elif a.kind == TRAFFIC_SIGN:
            for k in range(sign_ids.shape[1]):
                row[65 + k] = sign_ids[i, k]
