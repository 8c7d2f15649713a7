"""A town without a map file: one flat square, with the lights and boxes that a test asks for."""

import numpy as np

from simulator.maps.ground import flat_surface
from simulator.maps.town import Boxes, Lanes, LightBoxes, Samples, Signals, TownMap


def flat_town(
    *,
    lights: int = 0,
    controllers: list[list[int]] | None = None,
    groups: list[list[int]] | None = None,
    boxes: list[tuple[float, float, float, float, int]] = (),  # type: ignore[assignment]
    speed_limit_kmh: float = 50.0,
) -> TownMap:
    """A road of 2 km x 2 km at z = 0, one lane of it all.

    Lights stand at (0, 0), each with a stop volume at x = 20 k, heading east; boxes are (x, y, half, half_z, label).
    """
    f8, i4 = np.float64, np.int32
    controllers = [[k] for k in range(lights)] if controllers is None else controllers
    groups = [[k] for k in range(len(controllers))] if groups is None else groups
    owner = {light: c for c, members in enumerate(controllers) for light in members}
    group = {c: g for g, members in enumerate(groups) for c in members}
    k = np.arange(lights, dtype=f8)
    return TownMap(
        name="Flat",
        opendrive="<OpenDRIVE/>",
        sha256="0" * 64,
        origin_latitude_deg=42.0,
        origin_longitude_deg=2.0,
        lanes=Lanes(
            road=np.zeros(1, i4),
            section=np.zeros(1, i4),
            lane=np.array([-1], i4),
            kind=np.array([2], i4),
            junction=np.array([-1], i4),
            s_begin=np.zeros(1),
            s_end=np.array([2e3]),
            sample_start=np.array([0, 2], i4),
        ),
        samples=Samples(
            x=np.array([-1e3, 1e3]),
            y=np.zeros(2),
            z=np.zeros(2),
            yaw=np.zeros(2),
            pitch=np.zeros(2),
            width=np.full(2, 3.5),
            s=np.array([0.0, 2e3]),
            speed_limit_kmh=np.full(2, speed_limit_kmh),
        ),
        surface=flat_surface(),
        boxes=Boxes(
            x=np.array([box[0] for box in boxes], f8),
            y=np.array([box[1] for box in boxes], f8),
            z=np.array([box[3] for box in boxes], f8),
            half_x=np.array([box[2] for box in boxes], f8),
            half_y=np.array([box[2] for box in boxes], f8),
            half_z=np.array([box[3] for box in boxes], f8),
            yaw=np.zeros(len(boxes)),
            label=np.array([box[4] for box in boxes], np.uint8),
            solid=np.ones(len(boxes), np.uint8),
            id=np.arange(1, len(boxes) + 1, dtype=np.uint64),
        ),
        box_names=[f"Box_{n}" for n in range(len(boxes))],
        signals=Signals(
            ["traffic.traffic_light"] * lights,
            [str(100 + n) for n in range(lights)],
            np.zeros((lights, 6)),
            np.zeros((lights, 3)),
            np.ones((lights, 3)),
            np.array([group[owner[n]] for n in range(lights)], i4),
            np.array([owner[n] for n in range(lights)], i4),
            np.arange(lights, dtype=i4),
            np.zeros(lights),
        ),
        light_boxes=LightBoxes(
            np.arange(lights, dtype=i4), np.zeros(lights, i4), np.full(lights, -1, i4),
            20.0 * k, np.zeros(lights), np.zeros(lights), np.zeros(lights),
            np.full(lights, 1.5), np.full(lights, 1.0), np.full(lights, 1.0),
            20.0 * k + 3.0, np.zeros(lights), np.zeros(lights),
        ),
        controllers=controllers,
        groups=groups,
        spawn_points=np.array([[0.0, 0.0, 0.5, 0.0, 0.0, 0.0]]),
        crosswalks=[],
        navigation=b"",
    )  # fmt: skip
