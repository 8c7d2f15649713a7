"""Blueprints of all of CARLA's sensors.

All of them are in the catalogue, also those that cannot be spawned yet (see simulator.sensors): scripts look
them up and set their attributes long before they spawn one.
"""

from typing import Final

from simulator.blueprints.attributes import BOOL, FLOAT, INT, STRING, AttributeDef, base_attributes, variation

__all__ = ["sensor_definitions"]

_PLACES: Final = ("front", "back", "left", "right", "front_left", "front_right", "back_left", "back_right")

_TICK: Final = variation("sensor_tick", FLOAT, "0.0")
_SEED: Final = variation("noise_seed", INT, "0")


def _floats(**values: str) -> tuple[AttributeDef, ...]:
    return tuple(variation(name, FLOAT, value) for name, value in values.items())


def _zeros(*names: str) -> tuple[AttributeDef, ...]:
    return tuple(variation(name, FLOAT, "0.0") for name in names)


_CAMERA: Final = (
    *base_attributes(*_PLACES),
    _TICK,
    variation("image_size_x", INT, "800"),
    variation("image_size_y", INT, "600"),
    *_floats(
        fov="90.0",
        lens_circle_falloff="5.0",
        lens_circle_multiplier="0.0",
        lens_k="-1.0",
        lens_kcube="0.0",
        lens_x_size="0.08",
        lens_y_size="0.08",
    ),
)

_POST_PROCESS: Final = (
    variation("exposure_mode", STRING, "histogram", "manual", restricted=True),
    *_floats(exposure_compensation="0.0", shutter_speed="200.0", iso="100.0", fstop="1.4"),
    variation("enable_postprocess_effects", BOOL, "true"),
    *_floats(
        gamma="2.2",
        motion_blur_intensity="0.45",
        motion_blur_max_distortion="0.35",
        lens_flare_intensity="0.1",
        bloom_intensity="0.675",
        motion_blur_min_object_screen_size="0.1",
        exposure_min_bright="10.0",
        exposure_max_bright="12.0",
        exposure_speed_up="3.0",
        exposure_speed_down="1.0",
        calibration_constant="16.0",
        focal_distance="1000.0",
        min_fstop="1.2",
    ),
    variation("blade_count", INT, "5"),
    *_floats(
        blur_amount="1.0",
        blur_radius="0.0",
        slope="0.88",
        toe="0.55",
        shoulder="0.26",
        black_clip="0.0",
        white_clip="0.04",
        temp="6500.0",
        tint="0.0",
        chromatic_aberration_intensity="0.0",
        chromatic_aberration_offset="0.0",
    ),
)

_EVENT_CAMERA: Final = (
    *_floats(
        positive_threshold="0.3",
        negative_threshold="0.3",
        sigma_positive_threshold="0.0",
        sigma_negative_threshold="0.0",
    ),
    variation("refractory_period_ns", INT, "0"),
    variation("use_log", BOOL, "true"),
    *_floats(log_eps="0.001"),
)

_LIDAR_HEAD: Final = (
    *base_attributes(*_PLACES),
    _TICK,
    variation("channels", INT, "32"),
    *_floats(range="10.0"),
    variation("points_per_second", INT, "56000"),
    *_floats(rotation_frequency="10.0", upper_fov="10.0", lower_fov="-30.0"),
)
_LIDAR_TURN: Final = _floats(horizontal_fov="360.0")
_LIDAR_NOISE: Final = (
    *_floats(atmosphere_attenuation_rate="0.004"),
    _SEED,
    *_floats(
        dropoff_general_rate="0.45", dropoff_intensity_limit="0.8", dropoff_zero_intensity="0.4", noise_stddev="0.0"
    ),
)

_POSITION_NOISE: Final = _zeros(
    "noise_lat_stddev", "noise_lat_bias", "noise_lon_stddev", "noise_lon_bias", "noise_alt_stddev", "noise_alt_bias"
)
_ACCELERATION_NOISE: Final = _zeros("noise_accel_stddev_x", "noise_accel_stddev_y", "noise_accel_stddev_z")

_RADIO: Final = (
    *base_attributes(),
    _TICK,
    variation("channel_id", STRING, "Default"),
    _SEED,
    *_floats(transmit_power="21.5", receiver_sensitivity="-99.0", frequency_ghz="5.9", combined_antenna_gain="10.0"),
    variation("scenario", STRING, "highway", "rural", "urban", restricted=True),
    variation("path_loss_model", STRING, "winner", "geometric", restricted=True),
    *_floats(path_loss_exponent="2.7", d_ref="1.0", filter_distance="500.0"),
    variation("use_etsi_fading", BOOL, "true"),
    *_floats(custom_fading_stddev="0.0"),
)


def sensor_definitions() -> dict[str, tuple[AttributeDef, ...]]:
    """Attributes by id."""
    return {
        "sensor.camera.rgb": _CAMERA + _POST_PROCESS,
        "sensor.camera.depth": _CAMERA,
        "sensor.camera.semantic_segmentation": _CAMERA,
        "sensor.camera.instance_segmentation": _CAMERA,
        "sensor.camera.normals": _CAMERA,
        "sensor.camera.optical_flow": _CAMERA,
        "sensor.camera.cosmos_visualization": _CAMERA,
        "sensor.camera.dvs": _CAMERA + _POST_PROCESS + _EVENT_CAMERA,
        "sensor.lidar.ray_cast": _LIDAR_HEAD + _LIDAR_NOISE + _LIDAR_TURN,
        "sensor.lidar.ray_cast_semantic": _LIDAR_HEAD + _LIDAR_TURN,
        "sensor.other.radar": (
            *base_attributes(),
            _TICK,
            *_floats(horizontal_fov="30", vertical_fov="30", range="100"),
            variation("points_per_second", INT, "1500"),
            _SEED,
        ),
        "sensor.other.collision": base_attributes(*_PLACES),
        "sensor.other.lane_invasion": base_attributes(*_PLACES),
        "sensor.other.rss": base_attributes(*_PLACES),
        "sensor.other.obstacle": (
            *base_attributes(*_PLACES),
            _TICK,
            *_floats(distance="5.0", hit_radius="0.5"),
            variation("only_dynamics", BOOL, "false"),
            variation("debug_linetrace", BOOL, "false"),
        ),
        "sensor.other.gnss": (*base_attributes(), _TICK, _SEED, *_POSITION_NOISE),
        "sensor.other.imu": (
            *base_attributes(),
            _TICK,
            _SEED,
            *_ACCELERATION_NOISE,
            *_zeros("noise_gyro_stddev_x", "noise_gyro_stddev_y", "noise_gyro_stddev_z"),
            *_zeros("noise_gyro_bias_x", "noise_gyro_bias_y", "noise_gyro_bias_z"),
        ),
        "sensor.other.v2x": (
            *_RADIO,
            *_floats(gen_cam_min="0.1", gen_cam_max="1.0"),
            variation("fixed_rate", BOOL, "false"),
            *_POSITION_NOISE,
            *_zeros("noise_head_stddev", "noise_head_bias"),
            *_ACCELERATION_NOISE,
            *_zeros("noise_yawrate_stddev", "noise_yawrate_bias", "noise_vel_stddev_x"),
        ),
        "sensor.other.v2x_custom": _RADIO,
    }
