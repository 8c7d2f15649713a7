"""The world's state as three numpy tables, one row per thing: actors, vehicles, traffic lights.

Every actor (sensors, lights and the spectator too) has one row in ACTOR, in order of
creation, so that a walk over the rows is the same on every run. Vehicles and lights have a second row
in a table of their own, found through ACTOR's `side`. Structured arrays pass into a numba kernel
as one argument each and read there as `actors[i].x`; in Python `actors["x"][:n]` is a view.

Units are SI and radians. CARLA's axes: x forward, y right, z up, left-handed, so a positive yaw
turns to the right seen from above.
"""

from typing import Final

import numpy as np

# Kinds of actor. The order matters to nobody; the values are stored in ACTOR.kind.
VEHICLE: Final = 0
WALKER: Final = 1
PROP: Final = 2
SENSOR: Final = 3
TRAFFIC_LIGHT: Final = 4
TRAFFIC_SIGN: Final = 5
SPECTATOR: Final = 6
OTHER: Final = 7  # util.actor.empty, controller.ai.walker, static.trigger.friction

# actor.state on the wire (carla.ActorState).
ACTIVE: Final = 1

ACTOR: Final = np.dtype(
    [
        ("id", np.uint32),
        ("parent", np.int32),  # row of the actor it is mounted on, -1 for none
        ("side", np.int32),  # row in VEHICLE_STATE or LIGHT, -1 for none
        ("kind", np.uint8),
        ("state", np.uint8),
        # What the physics does to it.
        ("simulate", np.uint8),  # set_simulate_physics
        ("gravity", np.uint8),  # set_enable_gravity
        ("collides", np.uint8),  # takes part in contacts (set_actor_collisions)
        ("dead", np.uint8),  # set_actor_dead
        ("grounded", np.uint8),  # stands on a surface (out)
        ("constant_velocity", np.uint8),  # enable_constant_velocity: cv_* hold, in its own frame
        # Pose: origin in world, then rotation. Vehicles have their origin on the ground, walkers in the
        # middle of the capsule, props on the ground.
        ("x", np.float64),
        ("y", np.float64),
        ("z", np.float64),
        ("roll", np.float64),
        ("pitch", np.float64),
        ("yaw", np.float64),
        # World frame.
        ("vx", np.float64),
        ("vy", np.float64),
        ("vz", np.float64),
        ("wx", np.float64),  # rad/s
        ("wy", np.float64),
        ("wz", np.float64),
        ("ax", np.float64),  # of the last tick (out)
        ("ay", np.float64),
        ("az", np.float64),
        # Constant velocity in the actor's frame.
        ("cv_x", np.float64),
        ("cv_y", np.float64),
        ("cv_z", np.float64),
        # Pending forces of this tick, world frame; cleared by the step. Impulses act on velocity when called.
        ("force_x", np.float64),
        ("force_y", np.float64),
        ("force_z", np.float64),
        ("torque_x", np.float64),
        ("torque_y", np.float64),
        ("torque_z", np.float64),
        # Box in the actor's own frame: centre and half extents.
        ("center_x", np.float64),
        ("center_y", np.float64),
        ("center_z", np.float64),
        ("half_x", np.float64),
        ("half_y", np.float64),
        ("half_z", np.float64),
        ("mass", np.float64),  # kg; 0 = cannot be moved by contacts
        # Pose relative to the parent (only with parent >= 0).
        ("rel_x", np.float64),
        ("rel_y", np.float64),
        ("rel_z", np.float64),
        ("rel_roll", np.float64),
        ("rel_pitch", np.float64),
        ("rel_yaw", np.float64),
        # Walkers: the last WalkerControl (direction in world, speed m/s), echoed in the state.
        ("walk_x", np.float64),
        ("walk_y", np.float64),
        ("walk_z", np.float64),
        ("walk_speed", np.float64),
        ("jump", np.uint8),
        ("placed", np.uint8),  # the client's navigation put it here for this step: it does not walk by itself
        ("lane", np.int32),  # lane of TownMap.lanes under the actor, -1 for none (out; vehicles only)
    ],
    align=True,
)

MAX_TORQUE_POINTS: Final = 32
MAX_GEARS: Final = 12
MAX_STEERING_POINTS: Final = 16
MAX_WHEELS: Final = 4

WHEEL: Final = np.dtype(
    [
        ("tire_friction", np.float64),
        ("damping_rate", np.float64),
        ("max_steer_rad", np.float64),
        ("radius_m", np.float64),
        ("max_brake_torque", np.float64),  # N m
        ("max_handbrake_torque", np.float64),
        ("lat_stiff_max_load", np.float64),
        ("lat_stiff_value", np.float64),
        ("long_stiff_value", np.float64),
        ("x", np.float64),  # in the vehicle's frame, metres
        ("y", np.float64),
        ("z", np.float64),
        ("friction_scale", np.float64),  # from static.trigger.friction volumes: overrides tire_friction when >= 0
        # State (out)
        ("omega", np.float64),  # rad/s
        ("steer_rad", np.float64),
        ("lat_slip", np.float64),
        ("long_slip", np.float64),
        ("load_n", np.float64),
        ("long_force_n", np.float64),
        ("lat_force_n", np.float64),
        # Kept by simulator.world.vehicles
        ("rest_load_n", np.float64),  # its share of the weight on flat ground
        ("ground_z", np.float64),  # the ground beneath it in this tick: ground_z + ground_x x + ground_y y
        ("ground_x", np.float64),
        ("ground_y", np.float64),
    ],
    align=True,
)

VEHICLE_STATE: Final = np.dtype(
    [
        ("actor", np.int32),  # row in ACTOR
        # carla.VehicleControl as last given (and echoed in the state).
        ("throttle", np.float64),
        ("steer", np.float64),
        ("brake", np.float64),
        ("hand_brake", np.uint8),
        ("reverse", np.uint8),
        ("manual_gear_shift", np.uint8),
        ("gear_command", np.int32),
        # Ackermann: while active the controller writes throttle, steer, brake, reverse itself.
        ("ackermann", np.uint8),
        ("ack_steer", np.float64),  # rad
        ("ack_steer_speed", np.float64),  # rad/s, 0 = as fast as possible
        ("ack_speed", np.float64),  # m/s
        ("ack_acceleration", np.float64),  # m/s2
        ("ack_jerk", np.float64),  # m/s3
        ("ack_gains", np.float64, (6,)),  # speed kp ki kd, acceleration kp ki kd
        ("ack_state", np.float64, (8,)),  # integrals and last errors; the controller owns it
        # Drive train state (out)
        ("gear", np.int32),
        ("engine_rpm", np.float64),
        ("gear_switch_left_s", np.float64),  # > 0 while the clutch is open
        ("gear_target", np.int32),
        ("steer_rad", np.float64),  # mean front wheel angle now
        # Physics control (carla.VehiclePhysicsControl), SI units
        ("n_torque", np.int32),
        ("torque_rpm", np.float64, (MAX_TORQUE_POINTS,)),
        ("torque_nm", np.float64, (MAX_TORQUE_POINTS,)),
        ("max_rpm", np.float64),
        ("moi", np.float64),  # engine inertia kg m2
        ("damping_full_throttle", np.float64),
        ("damping_zero_throttle_engaged", np.float64),
        ("damping_zero_throttle_disengaged", np.float64),
        ("autobox", np.uint8),
        ("gear_switch_time_s", np.float64),
        ("clutch_strength", np.float64),
        ("final_ratio", np.float64),
        ("n_gears", np.int32),
        ("gear_ratio", np.float64, (MAX_GEARS,)),
        ("gear_down", np.float64, (MAX_GEARS,)),  # down_ratio: fraction of max_rpm
        ("gear_up", np.float64, (MAX_GEARS,)),
        ("drag_coefficient", np.float64),
        ("com_x", np.float64),
        ("com_y", np.float64),
        ("com_z", np.float64),
        ("n_steering", np.int32),
        ("steering_kmh", np.float64, (MAX_STEERING_POINTS,)),
        ("steering_factor", np.float64, (MAX_STEERING_POINTS,)),
        ("n_wheels", np.int32),
        ("wheels", WHEEL, (MAX_WHEELS,)),
        # Derived once when the physics control is set
        ("one_track", np.uint8),  # 1: two-wheelers, which do not lean here
        ("wheelbase_m", np.float64),
        ("front_m", np.float64),  # centre of mass to front axle
        ("rear_m", np.float64),
        ("inertia_z", np.float64),
        ("inertia_x", np.float64),
        ("inertia_y", np.float64),
        ("lean_arm_m", np.float64),  # of the tyre forces about the roll and pitch axes
        ("radius_m", np.float64),
        ("max_steer_rad", np.float64),  # mean of the front wheels
        ("peak_torque_nm", np.float64),
        ("drag_area_m2", np.float64),  # drag coefficient times frontal area
        ("wheel_damping_nsm", np.float64),  # of all wheels, as a force per road speed
        ("slip_room_n", np.float64),  # what all tyres give along the road at a slip of one
        # Kept by simulator.world.vehicles from one substep to the next
        ("tick_s", np.float64),
        ("last_vx", np.float64),
        ("last_vy", np.float64),
        ("last_vz", np.float64),
        ("steer_target_rad", np.float64),
        ("grip_front", np.float64),  # friction coefficients of the axles
        ("grip_rear", np.float64),
        ("brake_front_n", np.float64),
        ("brake_rear_n", np.float64),
        ("long_force_n", np.float64),  # of all tyres, in the vehicle's frame
        ("lat_force_n", np.float64),
        # Lights, doors, and what concerns it on the road (out)
        ("light_state", np.uint32),
        ("doors_open", np.uint8),  # bit per carla.VehicleDoor
        ("autopilot", np.uint8),
        ("speed_limit_kmh", np.float64),
        ("traffic_light_id", np.uint32),  # 0 = none
        ("traffic_light_state", np.uint8),
        ("has_traffic_light", np.uint8),
        ("give_way", np.int32),  # row of TownMap.give_ways whose box it is in, -1 for none
        ("give_way_s", np.float64),  # for how long it must stand there, at least
        ("failure_state", np.uint8),
    ],
    align=True,
)

# What a carla.VehicleControl sets, in its order. It ends the controller's rule.
CONTROL: Final = [
    *("throttle", "steer", "brake", "hand_brake", "reverse", "manual_gear_shift", "gear_command"),
    "ackermann",
]

LIGHT: Final = np.dtype(
    [
        ("actor", np.int32),
        ("group", np.int32),  # the junction's group: its controllers take turns
        ("controller", np.int32),  # the controller that owns the times
        ("pole_index", np.uint32),
        ("state", np.uint8),  # Red 0, Yellow 1, Green 2, Off 3
        ("green_s", np.float64),
        ("yellow_s", np.float64),
        ("red_s", np.float64),
        ("elapsed_s", np.float64),
        ("frozen", np.uint8),
    ],
    align=True,
)

# One contact of a tick between two actors, or between an actor and a box of the town.
CONTACT: Final = np.dtype(
    [
        ("a", np.int32),  # row in ACTOR
        ("b", np.int32),  # row in ACTOR, or -1
        ("static_box", np.int32),  # row in TownMap.boxes when b is -1
        ("impulse_x", np.float64),  # N s, on a (b gets the opposite)
        ("impulse_y", np.float64),
        ("impulse_z", np.float64),
        ("x", np.float64),
        ("y", np.float64),
        ("z", np.float64),
    ],
    align=True,
)
