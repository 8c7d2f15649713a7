"""Models as cameras see them: inside the projected box, filling it, with the labels of CARLA's cameras."""

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.blueprints import catalogue, vehicle_spec
from simulator.maps.town import RIDER
from simulator.scene.movers import colour_id
from simulator.scene.scene import Scene
from simulator.sensors.exact import draw_exact
from simulator.sensors.raster import View, Workspace, camera_view
from simulator.world.actors import Actor
from simulator.world.pose import Pose, to_world
from simulator.world.world import World
from tests.fakes.towns import flat_town

VEHICLES = [b.id for b in catalogue().blueprints if b.id.startswith("vehicle.")]
TWO_WHEELED = [type_id for type_id in VEHICLES if vehicle_spec(type_id).wheels == 2]
WALKERS = [b.id for b in catalogue().blueprints if b.id.startswith("walker.")][::7]
PROPS = [f"static.prop.{name}" for name in ("constructioncone", "trafficwarning", "streetbarrier", "container")]
WIDTH, HEIGHT = 240, 160


def corners(world: World, actor: Actor) -> NDArray[np.float64]:
    row, pose = world.row(actor), world.pose(actor)
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    center = np.array([row["center_x"], row["center_y"], row["center_z"]])
    half = np.array([row["half_x"], row["half_y"], row["half_z"]])
    return np.array([to_world(pose, *point) for point in center + signs * half])


def projected(view: View, points: NDArray[np.float64]) -> NDArray[np.float64]:
    right, down, forward = ((points - view.eye) @ view.axes.T).T
    return np.stack(
        [view.width / 2 + view.focal_px * right / forward, view.height / 2 + view.focal_px * down / forward], 1
    )


def hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the convex hull, in order (Andrew's monotone chain)."""
    ordered = sorted(map(tuple, points.tolist()))
    halves = []
    for run in (ordered, ordered[::-1]):
        chain: list[tuple[float, ...]] = []
        for x, y in run:
            while len(chain) > 1 and (
                (chain[-1][0] - chain[-2][0]) * (y - chain[-2][1]) <= (chain[-1][1] - chain[-2][1]) * (x - chain[-2][0])
            ):
                chain.pop()
            chain.append((x, y))
        halves += chain[:-1]
    return np.array(halves)


def outside_px(outline: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far points lie outside of a convex outline, below 0 inside."""
    begin, edge = outline, np.roll(outline, -1, axis=0) - outline
    normal = np.stack([edge[:, 1], -edge[:, 0]], 1) / np.linalg.norm(edge, axis=1)[:, None]
    distance: NDArray[np.float64] = np.einsum("pek,ek->pe", points[:, None, :] - begin[None], normal).max(axis=1)
    return distance


@pytest.mark.parametrize("distance_m", [9.0, 60.0], ids=["near", "far"])
@pytest.mark.parametrize("type_id", VEHICLES + WALKERS + PROPS)
def test_pixels_of_an_actor_are_in_its_box_and_fill_it(type_id: str, distance_m: float) -> None:
    world = World(flat_town())
    scene, workspace = Scene(world.town), Workspace()
    rides = type_id in TWO_WHEELED
    large = type_id in VEHICLES and vehicle_spec(type_id).half_extents[0] > 3.0
    away = distance_m + (8.0 if large else 0.0)
    actor = world.spawn(type_id, {}, Pose(away, 0.0, 0.94 if type_id in WALKERS else 0.0))
    world.set_simulate(actor, False)
    for yaw in (0.4, 1.9, 3.6):
        world.teleport(actor, world.pose(actor)._replace(yaw=yaw))
        world.step(0.05)
        frame = scene.frame(world, world.steps)
        fov_deg = 2.0 * np.degrees(np.arctan(5.5 / away)) * (1.6 if large else 1.0)
        view = camera_view(WIDTH, HEIGHT, fov_deg, Pose(0.0, 0.0, 2.2, 0.0, -1.2 / away, 0.0))
        semantic = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        instance = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        draw_exact(frame, view, workspace, semantic=semantic, instance=instance)
        row = frame.instances[frame.n_static]
        code = colour_id(actor.id)
        assert row["colour_id"] == code
        ours = (instance[:, :, 1] == code & 0xFF) & (instance[:, :, 0] == code >> 8)
        v, u = np.nonzero(ours)
        middles = np.stack([u + 0.5, v + 0.5], 1)
        outline = hull(projected(view, corners(world, actor)))
        assert outside_px(outline, middles).max() < 0.05, "a pixel's middle lies outside of the projected box"
        if type_id not in WALKERS:  # their boxes have room for a step
            # As a detector's labels go: the rectangle of its pixels against that of the box.
            seen, box = np.ptp(middles, axis=0) + 1.0, np.ptp(outline, axis=0)
            assert seen.prod() / box.prod() > (0.5 if rides else 0.6)
        labels = set(np.unique(semantic[:, :, 2][ours]).tolist())
        assert labels == ({int(row["label"]), RIDER} if rides else {int(row["label"])})
