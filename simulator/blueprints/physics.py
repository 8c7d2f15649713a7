"""carla.VehiclePhysicsControl as data, in CARLA's own units (wheel radius and position in cm, angles in degrees)."""

from dataclasses import dataclass, replace

__all__ = ["Gear", "VehiclePhysics", "Wheel", "replace"]


@dataclass(frozen=True, slots=True)
class Gear:
    ratio: float
    down_ratio: float
    up_ratio: float


@dataclass(frozen=True, slots=True)
class Wheel:
    tire_friction: float
    damping_rate: float
    max_steer_angle: float  # degrees
    radius: float  # cm
    max_brake_torque: float  # N m
    max_handbrake_torque: float
    lat_stiff_max_load: float
    lat_stiff_value: float
    long_stiff_value: float
    position: tuple[float, float, float]  # cm; in the vehicle's frame in the catalogue, world on the wire


@dataclass(frozen=True, slots=True)
class VehiclePhysics:
    torque_curve: tuple[tuple[float, float], ...]  # (rpm, N m)
    max_rpm: float
    moi: float
    damping_rate_full_throttle: float
    damping_rate_zero_throttle_clutch_engaged: float
    damping_rate_zero_throttle_clutch_disengaged: float
    use_gear_autobox: bool
    gear_switch_time: float
    clutch_strength: float
    final_ratio: float
    forward_gears: tuple[Gear, ...]
    mass: float
    drag_coefficient: float
    center_of_mass: tuple[float, float, float]  # metres
    steering_curve: tuple[tuple[float, float], ...]  # (km/h, factor)
    wheels: tuple[Wheel, ...]
    use_sweep_wheel_collision: bool
