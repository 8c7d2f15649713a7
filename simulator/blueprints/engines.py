"""Physics controls of every kind of vehicle, all derived from one calibrated car.

MKZ_2020 is the car that public measurements describe, so its numbers are fitted to them. For the other
models no physics is published: they take the numbers of MKZ_2020, scaled with their mass, size and class
(`derive`), so that a truck is slower and turns wider than a car without a claim to more than that.
"""

from dataclasses import dataclass

from simulator.blueprints.physics import Gear, VehiclePhysics, Wheel, replace

__all__ = ["CLASSES", "MKZ_2017", "MKZ_2020", "VehicleClass", "derive"]

# Numbers that CARLA's server gives every wheel unless a model says otherwise (WheelPhysicsControl's defaults).
_TIRE_FRICTION = 3.5
_DAMPING_RATE = 1.0
_HANDBRAKE_NM = 3000.0
_LAT_STIFF_MAX_LOAD = 2.0
_LAT_STIFF_VALUE = 17.0
_LONG_STIFF_VALUE = 1000.0


def four_wheels(
    *, wheelbase_m: float, track_m: float, radius_m: float, max_steer_deg: float, brake_nm: float, handbrake_nm: float
) -> tuple[Wheel, ...]:
    """Front left, front right, rear left, rear right around the vehicle's middle; the hand brake is on the rear."""

    def wheel(x: float, y: float, steer: float, handbrake: float) -> Wheel:
        return Wheel(
            tire_friction=_TIRE_FRICTION,
            damping_rate=_DAMPING_RATE,
            max_steer_angle=steer,
            radius=100.0 * radius_m,
            max_brake_torque=brake_nm,
            max_handbrake_torque=handbrake,
            lat_stiff_max_load=_LAT_STIFF_MAX_LOAD,
            lat_stiff_value=_LAT_STIFF_VALUE,
            long_stiff_value=_LONG_STIFF_VALUE,
            position=(100.0 * x, 100.0 * y, 100.0 * radius_m),
        )

    x, y = 0.5 * wheelbase_m, 0.5 * track_m
    return (
        wheel(x, -y, max_steer_deg, 0.0),
        wheel(x, y, max_steer_deg, 0.0),
        wheel(-x, -y, 0.0, handbrake_nm),
        wheel(-x, y, 0.0, handbrake_nm),
    )


# vehicle.lincoln.mkz_2020: the reference. Curb weight, wheelbase, track, tyres (245/40 R19) and gear ratios as the
# maker gives them; steering curve as in CARLA's cars. Engine, clutch, shift points, brakes and the largest steering
# angle are fitted to the published answers of CARLA's car to its pedals and wheel (benchmarks/fit_mkz_2020.py,
# seed 3; docs/vehicle-dynamics.md has what they reach).
MKZ_2020 = VehiclePhysics(
    torque_curve=((0.0, 216.0), (540.0, 216.0), (1840.0, 480.0), (5800.0, 613.0)),
    max_rpm=5800.0,
    moi=0.12,
    damping_rate_full_throttle=0.05,
    damping_rate_zero_throttle_clutch_engaged=1.89,
    damping_rate_zero_throttle_clutch_disengaged=0.35,
    use_gear_autobox=True,
    gear_switch_time=0.11,
    clutch_strength=2.8,
    final_ratio=3.51,
    forward_gears=(
        Gear(4.58, 0.13, 0.29),
        Gear(2.96, 0.21, 0.45),
        Gear(1.91, 0.21, 0.45),
        Gear(1.45, 0.21, 0.45),
        Gear(1.00, 0.19, 0.42),
        Gear(0.75, 0.21, 0.95),
    ),
    mass=1757.0,
    drag_coefficient=0.3,
    center_of_mass=(0.1, 0.0, -0.1),
    steering_curve=((0.0, 1.0), (20.0, 0.9), (60.0, 0.8), (120.0, 0.7)),
    wheels=four_wheels(
        wheelbase_m=2.85,
        track_m=1.59,
        radius_m=0.34,
        max_steer_deg=49.0,
        brake_nm=1150.0,
        handbrake_nm=_HANDBRAKE_NM,
    ),
    use_sweep_wheel_collision=False,
)


@dataclass(frozen=True, slots=True)
class VehicleClass:
    """What a kind of vehicle has in common, relative to MKZ_2020."""

    thrust: float  # torque per mass at the wheels
    brake: float  # brake force per mass
    drag_coefficient: float
    wheel_radius_m: float
    wheelbase: float  # share of the length
    track: float  # share of the width; 0 for what runs in one track
    max_steer: float  # share of the reference's largest steering angle
    wheels: int = 4  # as the catalogue counts them; the physics control has four for all, see `derive`
    gear_switch_s: float | None = None  # None: as the reference


CLASSES: dict[str, VehicleClass] = {
    "microcar": VehicleClass(0.45, 1.0, 0.30, 0.27, 0.62, 0.85, 1.0, gear_switch_s=0.0),
    "small car": VehicleClass(0.75, 1.0, 0.32, 0.30, 0.63, 0.80, 1.0),
    "car": VehicleClass(1.0, 1.0, 0.30, 0.34, 0.58, 0.80, 1.0),
    "sports car": VehicleClass(1.25, 1.0, 0.32, 0.35, 0.57, 0.80, 1.0),
    "electric car": VehicleClass(1.2, 1.0, 0.25, 0.35, 0.60, 0.78, 1.0, gear_switch_s=0.0),
    "suv": VehicleClass(0.9, 1.0, 0.38, 0.39, 0.56, 0.80, 1.0),
    "pickup": VehicleClass(1.2, 1.0, 0.39, 0.44, 0.60, 0.80, 1.0, gear_switch_s=0.0),
    "van": VehicleClass(0.65, 0.95, 0.40, 0.35, 0.60, 0.82, 0.95),
    "truck": VehicleClass(0.40, 0.80, 0.60, 0.48, 0.56, 0.80, 0.80),
    "bus": VehicleClass(0.40, 0.80, 0.65, 0.48, 0.50, 0.60, 0.85),
    "motorcycle": VehicleClass(1.3, 1.0, 0.60, 0.31, 0.67, 0.0, 0.85, wheels=2, gear_switch_s=0.2),
    "scooter": VehicleClass(0.45, 0.85, 0.60, 0.25, 0.70, 0.0, 0.85, wheels=2, gear_switch_s=0.0),
    "bicycle": VehicleClass(0.30, 0.70, 0.70, 0.35, 0.66, 0.0, 0.85, wheels=2, gear_switch_s=0.0),
}


def derive(kind: VehicleClass, mass_kg: float, length_m: float, width_m: float) -> VehiclePhysics:
    """The physics of a model of this class, mass and size, from MKZ_2020's.

    Thrust and braking per mass are the reference's times the class's share: torques grow with mass and with
    wheel radius. What the wheels lose in rolling is the same per mass and speed. Engine and clutch inertia follow
    the torque, so that gears change at the same pace.

    Two-wheelers have four wheels too, in two pairs on the middle line: CARLA builds them on its four-wheeled
    vehicle, and scripts index wheels[2] and wheels[3] of whatever they drive.
    """
    base = MKZ_2020
    front = base.wheels[0]
    radius = kind.wheel_radius_m * 100.0 / front.radius
    engine = kind.thrust * mass_kg / base.mass * radius
    brake = kind.brake * mass_kg / base.mass * radius
    rolling = mass_kg / base.mass * radius**2
    max_steer = front.max_steer_angle * kind.max_steer
    wheels = tuple(
        replace(
            wheel,
            radius=100.0 * kind.wheel_radius_m,
            damping_rate=round(wheel.damping_rate * rolling, 3),
            max_steer_angle=max_steer if wheel.max_steer_angle > 0.0 else 0.0,
            max_brake_torque=round(wheel.max_brake_torque * brake, 2),
            max_handbrake_torque=round(wheel.max_handbrake_torque * brake, 1),
            # Newtons for the whole wheel: those of a lorry have to hold a lorry.
            long_stiff_value=round(wheel.long_stiff_value * max(1.0, mass_kg / base.mass), 1),
            position=(
                100.0 * kind.wheelbase * length_m * (0.5 if wheel.position[0] > 0.0 else -0.5),
                100.0 * kind.track * width_m * (0.5 if wheel.position[1] > 0.0 else -0.5),
                100.0 * kind.wheel_radius_m,
            ),
        )
        for wheel in base.wheels
    )
    return replace(
        base,
        torque_curve=tuple((rpm, round(torque * engine, 2)) for rpm, torque in base.torque_curve),
        moi=base.moi * engine,
        damping_rate_full_throttle=base.damping_rate_full_throttle * engine,
        damping_rate_zero_throttle_clutch_engaged=base.damping_rate_zero_throttle_clutch_engaged * engine,
        damping_rate_zero_throttle_clutch_disengaged=base.damping_rate_zero_throttle_clutch_disengaged * engine,
        gear_switch_time=base.gear_switch_time if kind.gear_switch_s is None else kind.gear_switch_s,
        clutch_strength=base.clutch_strength * engine,
        mass=mass_kg,
        drag_coefficient=kind.drag_coefficient,
        center_of_mass=(
            base.center_of_mass[0] * length_m / 4.892,
            0.0,
            base.center_of_mass[2] if kind.wheels == 4 else 0.0,
        ),
        wheels=wheels,
    )


# vehicle.lincoln.mkz_2017 has a published log of its physics control: mass, centre of mass, drag and tyre friction.
MKZ_2017 = replace(derive(CLASSES["car"], 1696.0, 4.902, 2.128), center_of_mass=(0.6, 0.0, -0.3), drag_coefficient=0.3)
