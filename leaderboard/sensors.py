"""The sensors of an agent: which it may have, how they are set up, and one frame of all of them.

Tables: leaderboard/autoagents/agent_wrapper.py of the public leaderboard, branch leaderboard-1.0 and master.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import carla

from leaderboard.autoagents.autonomous_agent import Track
from leaderboard.envs.sensor_interface import (
    BaseReader,
    CallBack,
    OpenDriveMapReader,
    SensorConfigurationInvalid,
    SensorInterface,
    SpeedometerReader,
)
from leaderboard.profiles import Runtime, SensorSuite

__all__ = ["LIMITS", "WARM_UP_TICKS", "SensorRig", "SensorSpec", "blueprint_attributes", "check_sensors"]

SensorSpec = Mapping[str, Any]

CAMERA: Final = "sensor.camera.rgb"
LIDAR: Final = "sensor.lidar.ray_cast"
RADAR: Final = "sensor.other.radar"
GNSS: Final = "sensor.other.gnss"
IMU: Final = "sensor.other.imu"
OPENDRIVE: Final = "sensor.opendrive_map"
SPEEDOMETER: Final = "sensor.speedometer"

# Some sensors of a real CARLA send nothing in their first ticks; 1.0 waits one tick only.
WARM_UP_TICKS: Final = MappingProxyType({SensorSuite.V1: 1, SensorSuite.V2: 10})

_ONE_OF_EACH: Final = {GNSS: 1, IMU: 1, OPENDRIVE: 1, SPEEDOMETER: 1}
_FULL: Final = MappingProxyType({CAMERA: 8, LIDAR: 2, RADAR: 4, **_ONE_OF_EACH})
_QUALIFIER: Final = MappingProxyType({CAMERA: 4, LIDAR: 1, RADAR: 2, **_ONE_OF_EACH})

LIMITS: Final = MappingProxyType(
    {
        (SensorSuite.V2, Track.SENSORS): _FULL,
        (SensorSuite.V2, Track.MAP): _FULL,
        (SensorSuite.V2, Track.SENSORS_QUALIFIER): _QUALIFIER,
        (SensorSuite.V2, Track.MAP_QUALIFIER): _QUALIFIER,
        (SensorSuite.V1, Track.SENSORS): _QUALIFIER,
        (SensorSuite.V1, Track.MAP): _QUALIFIER,
    }
)
"""The most sensors of each type; a type that is not named is not allowed. 1.0 has no qualifiers."""

_MOUNT: Final = ("x", "y", "z")
_POSE: Final = ("x", "y", "z", "roll", "pitch", "yaw")
_NEEDS: Final = MappingProxyType(
    {
        CAMERA: (*_POSE, "width", "height", "fov"),
        LIDAR: _POSE,
        RADAR: _POSE,
        GNSS: _MOUNT,
        IMU: _POSE,
        OPENDRIVE: (),
        SPEEDOMETER: (),
    }
)
_RADAR_NEEDS: Final = MappingProxyType({SensorSuite.V1: ("fov",), SensorSuite.V2: ("horizontal_fov", "vertical_fov")})

_LIDAR_ATTRIBUTES: Final = {
    "range": "85",
    "rotation_frequency": "10",
    "channels": "64",
    "upper_fov": "10",
    "lower_fov": "-30",
    "points_per_second": "600000",
    "atmosphere_attenuation_rate": "0.004",
    "dropoff_general_rate": "0.45",
    "dropoff_intensity_limit": "0.8",
    "dropoff_zero_intensity": "0.4",
}
_GNSS_ATTRIBUTES: Final = {
    "noise_alt_stddev": "5e-06",
    "noise_lat_stddev": "5e-06",
    "noise_lon_stddev": "5e-06",
    "noise_alt_bias": "0.0",
    "noise_lat_bias": "0.0",
    "noise_lon_bias": "0.0",
}
_IMU_ATTRIBUTES: Final = {
    "noise_accel_stddev_x": "0.001",
    "noise_accel_stddev_y": "0.001",
    "noise_accel_stddev_z": "0.015",
    "noise_gyro_stddev_x": "0.001",
    "noise_gyro_stddev_y": "0.001",
    "noise_gyro_stddev_z": "0.001",
}
_RADAR_ATTRIBUTES: Final = {"points_per_second": "1500", "range": "100"}
_V1_CAMERA_ATTRIBUTES: Final = {
    "lens_circle_multiplier": "3.0",
    "lens_circle_falloff": "3.0",
    "chromatic_aberration_intensity": "0.5",
    "chromatic_aberration_offset": "0",
}


def check_sensors(specs: Sequence[SensorSpec], track: Track, rules: Runtime, selected: Track | None = None) -> None:
    """Raise SensorConfigurationInvalid with one sentence if these sensors are not allowed on the agent's track.

    `selected` is the track asked for (--track); None takes the agent's.
    """
    suite = rules.sensor_suite
    if selected is not None and Track(selected) is not track:
        raise SensorConfigurationInvalid(f"the agent is for track {track.value}, but {Track(selected).value} is run")
    limits = LIMITS.get((suite, track))
    if limits is None:
        raise SensorConfigurationInvalid(f"leaderboard {suite.value} has no track {track.value}")
    counts: dict[str, int] = {}
    ids: set[str] = set()
    for spec in specs:
        kind = _check_sensor(spec, track, rules, limits)
        counts[kind] = counts.get(kind, 0) + 1
        if spec["id"] in ids:
            raise SensorConfigurationInvalid(f"two sensors have the id {spec['id']!r}; give each its own")
        ids.add(spec["id"])
    for kind, count in counts.items():
        if count > limits[kind]:
            raise SensorConfigurationInvalid(f"{count} of {kind}, but track {track.value} allows {limits[kind]}")


def _check_sensor(spec: SensorSpec, track: Track, rules: Runtime, limits: Mapping[str, int]) -> str:
    """The type of a sensor that is allowed as such."""
    for key in ("type", "id"):
        if not isinstance(spec, Mapping) or key not in spec:
            raise SensorConfigurationInvalid(f"a sensor without {key!r}: {spec!r}")
    kind, name = str(spec["type"]), spec["id"]
    if not isinstance(name, str | int):
        raise SensorConfigurationInvalid(f"a sensor's id must be a text, not {name!r}")
    # The official test compares with this track only, so the qualifier of it has the map.
    if kind not in limits or (kind == OPENDRIVE and track is Track.SENSORS):
        raise SensorConfigurationInvalid(f"sensor {name!r}: {kind} is not allowed on track {track.value}")
    needs = (*_NEEDS[kind], *(_RADAR_NEEDS[rules.sensor_suite] if kind == RADAR else ()))
    missing = [key for key in needs if key not in spec]
    if missing:
        raise SensorConfigurationInvalid(f"sensor {name!r} ({kind}) lacks {', '.join(missing)}")
    if all(key in spec for key in _MOUNT):
        try:
            radius_m = math.sqrt(sum(float(spec[key]) ** 2 for key in _MOUNT))
        except (TypeError, ValueError):
            raise SensorConfigurationInvalid(f"sensor {name!r}: x, y and z must be numbers") from None
        if not radius_m <= rules.sensor_radius_m:
            raise SensorConfigurationInvalid(
                f"sensor {name!r} is {radius_m:.2f} m from the ego's middle; {rules.sensor_radius_m:g} m are allowed"
            )
    return kind


def blueprint_attributes(spec: SensorSpec, suite: SensorSuite) -> dict[str, str]:
    """What the sensor's blueprint is set to; what an agent may not choose is fixed by the benchmark."""
    kind = spec["type"]
    if kind == CAMERA:
        chosen = {"image_size_x": str(spec["width"]), "image_size_y": str(spec["height"]), "fov": str(spec["fov"])}
        return {**chosen, **(_V1_CAMERA_ATTRIBUTES if suite is SensorSuite.V1 else {})}
    if kind == RADAR:
        horizontal, vertical = ("fov", "fov") if suite is SensorSuite.V1 else ("horizontal_fov", "vertical_fov")
        return {"horizontal_fov": str(spec[horizontal]), "vertical_fov": str(spec[vertical]), **_RADAR_ATTRIBUTES}
    fixed: dict[str, dict[str, str]] = {LIDAR: _LIDAR_ATTRIBUTES, GNSS: _GNSS_ATTRIBUTES, IMU: _IMU_ATTRIBUTES}
    return dict(fixed[kind])


def _mount(spec: SensorSpec) -> carla.Transform:
    location = carla.Location(x=float(spec["x"]), y=float(spec["y"]), z=float(spec["z"]))
    if spec["type"] == GNSS:
        return carla.Transform(location, carla.Rotation())
    rotation = carla.Rotation(pitch=float(spec["pitch"]), roll=float(spec["roll"]), yaw=float(spec["yaw"]))
    return carla.Transform(location, rotation)


class SensorRig:
    """The sensors of one agent on the ego. What they send goes to the agent's SensorInterface."""

    def __init__(
        self,
        world: carla.World,
        ego: carla.Vehicle,
        specs: Sequence[SensorSpec],
        interface: Any,
        suite: SensorSuite,
    ) -> None:
        """Spawn them in the agent's order. The simulator must tick WARM_UP_TICKS times before the first frame is asked
        for.
        """
        self._interface = interface
        self._spawned: list[carla.Sensor] = []
        self._readers: list[BaseReader] = []
        library = world.get_blueprint_library()
        for spec in specs:
            sensor: carla.Sensor | BaseReader
            if spec["type"] == OPENDRIVE:
                sensor = OpenDriveMapReader(ego)
                self._readers.append(sensor)
            elif spec["type"] == SPEEDOMETER:
                sensor = SpeedometerReader(ego)
                self._readers.append(sensor)
            else:
                blueprint = library.find(spec["type"])
                for key, value in blueprint_attributes(spec, suite).items():
                    blueprint.set_attribute(key, value)
                sensor = world.spawn_actor(blueprint, _mount(spec), attach_to=ego)
                self._spawned.append(sensor)
            sensor.listen(CallBack(spec["id"], spec["type"], sensor, interface))

    def tick(self, frame: int) -> None:
        """After each tick: read what no simulator sends, and forget what is older than this frame."""
        for reader in self._readers:
            reader.tick(frame)
        if isinstance(self._interface, SensorInterface):
            self._interface.forget_before(frame)

    def wait(self, frame: int) -> None:
        """Until every sensor has delivered this frame; raises SensorReceivedNoData.

        An agent may have an interface of its own, with the public methods only: then it waits itself, in its own time.
        """
        if isinstance(self._interface, SensorInterface):
            self._interface.wait_for(frame)

    def close(self) -> None:
        """Remove the sensors, also those of a simulator that is gone."""
        for reader in self._readers:
            reader.destroy()
        for sensor in self._spawned:
            try:
                sensor.stop()
                sensor.destroy()
            except RuntimeError:
                # The client raises it when the simulator does not answer any more: then there is nothing left to
                # remove.
                break
        self._readers.clear()
        self._spawned.clear()
