"""What pictures and points say, decoded as CARLA's documentation tells clients to."""

from typing import Any

import carla
import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

FAR_M = 1000.0  # what the depth camera's white means
ROADS, TERRAIN, SKY, CAR, ROAD_LINES = 1, 10, 11, 14, 24
# Points of the semantic LiDAR, in the order of carla.SemanticLidarDetection.
SEMANTIC = np.dtype([("xyz", "<f4", 3), ("cos", "<f4"), ("id", "<u4"), ("tag", "<u4")])


def bgra(image: carla.Image) -> NDArray[np.uint8]:
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)


def labels(image: carla.Image) -> NDArray[np.uint8]:
    """Of a semantic or an instance camera."""
    return bgra(image)[:, :, 2]


def instances(image: carla.Image) -> NDArray[np.uint32]:
    """One number for each thing."""
    pixels = bgra(image).astype(np.uint32)
    return pixels[:, :, 0] * 256 + pixels[:, :, 1]


def depth_m(image: carla.Image) -> F8:
    """Along the line of sight of the camera, not of the pixel."""
    b, g, r = (bgra(image)[:, :, k].astype(np.float64) for k in range(3))
    return (r + g * 256.0 + b * 65536.0) / (2**24 - 1) * FAR_M


def focal_px(image: carla.Image) -> float:
    return image.width / (2.0 * float(np.tan(np.radians(image.fov) / 2.0)))


def to_pixels(image: carla.Image, points: F8) -> tuple[F8, F8, F8]:
    """Column, row and depth of points in world coordinates, [n, 3]; pixels' middles are at halves."""
    inverse = np.array(image.transform.get_inverse_matrix())
    ahead, right, up = (points @ inverse[:3, :3].T + inverse[:3, 3]).T
    focal = focal_px(image)
    with np.errstate(divide="ignore", invalid="ignore"):
        return image.width / 2 + focal * right / ahead, image.height / 2 - focal * up / ahead, ahead


def to_world(image: carla.Image, rows: Any, columns: Any, depth: F8) -> F8:
    """Points in world coordinates under the middles of pixels, [n, 3]."""
    focal = focal_px(image)
    right = (np.asarray(columns) + 0.5 - image.width / 2) / focal * depth
    up = (image.height / 2 - np.asarray(rows) - 0.5) / focal * depth
    matrix = np.array(image.transform.get_matrix())
    return np.stack([depth, right, up], axis=1) @ matrix[:3, :3].T + matrix[:3, 3]


def corners_of(actor: carla.Actor) -> F8:
    """Of its box, in world coordinates, [8, 3]."""
    vertices = actor.bounding_box.get_world_vertices(actor.get_transform())
    return np.array([[v.x, v.y, v.z] for v in vertices])


def is_edge(values: NDArray[Any], reach: int = 1) -> NDArray[np.bool_]:
    """Pixels with another value within `reach` pixels."""
    height, width = values.shape
    padded = np.pad(values, reach, mode="edge")
    edge = np.zeros(values.shape, np.bool_)
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            edge |= padded[dy : dy + height, dx : dx + width] != values
    return edge


def lidar_points(message: carla.LidarMeasurement) -> NDArray[np.float32]:
    """x, y, z, intensity."""
    return np.frombuffer(message.raw_data, np.float32).reshape(-1, 4)


def semantic_points(message: carla.SemanticLidarMeasurement) -> NDArray[np.void]:
    return np.frombuffer(message.raw_data, SEMANTIC)
