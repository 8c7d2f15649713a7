"""A TownMap on disk: one file of raw arrays behind a JSON head, read with one call.

Layout: 8 bytes magic and format number, two little-endian u64 (length of the head, length of the body), u32 CRC of
head and body, 4 bytes padding, the head, the body. Arrays start at multiples of 64 bytes. The OpenDRIVE text is not
stored: whoever reads the bake has it already, because the bake's name is the hash of it.
"""

import itertools
import json
import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulator.maps.town import Boxes, GiveWays, Lanes, LightBoxes, Markings, Samples, Signals, Surface, TownMap

FORMAT: Final = 3
CANNOT_WRITE: Final = 4  # exit code of the compiler when there is no room for its bake
_MAGIC: Final = b"CCLT" + FORMAT.to_bytes(4, "little")
_HEAD: Final = struct.Struct("<8sQQI4x")
_ALIGNMENT: Final = 64
_TABLES: Final[dict[str, Any]] = {
    "lanes": Lanes,
    "samples": Samples,
    "surface": Surface,
    "boxes": Boxes,
    "signals": Signals,
    "light_boxes": LightBoxes,
    "give_ways": GiveWays,
    "markings": Markings,
}


class BadBake(Exception):
    """The file is no bake of this format, or was damaged."""


def save(town: TownMap, path: Path) -> None:
    """Write a bake: complete or not at all."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    plain: dict[str, Any] = {
        "sha256": town.sha256,
        "origin": [town.origin_latitude_deg, town.origin_longitude_deg],
        "box_names": town.box_names,
        "controllers": town.controllers,
        "groups": town.groups,
    }
    for table, kind in _TABLES.items():
        for name in kind._fields:
            value = getattr(getattr(town, table), name)
            if isinstance(value, np.ndarray):
                arrays[f"{table}.{name}"] = value
            else:
                plain[f"{table}.{name}"] = value
    arrays["spawn_points"] = town.spawn_points
    arrays["crosswalks"] = np.concatenate([*town.crosswalks, np.zeros((0, 3))])
    plain["crosswalks"] = [len(outline) for outline in town.crosswalks]
    arrays["navigation"] = np.frombuffer(town.navigation, np.uint8)

    index = {}
    offset = 0
    for name, array in arrays.items():
        index[name] = (array.dtype.str, array.shape, offset)
        offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    head = json.dumps({"arrays": index, "plain": plain}).encode()
    head += b" " * (-(_HEAD.size + len(head)) % _ALIGNMENT)
    body = bytearray(offset)
    for name, array in arrays.items():
        start = index[name][2]
        body[start : start + array.nbytes] = np.ascontiguousarray(array).tobytes()
    check = zlib.crc32(body, zlib.crc32(head))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_HEAD.pack(_MAGIC, len(head), len(body), check))
            file.write(head)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: Path, name: str, opendrive: str) -> TownMap:
    """Read a bake. Raises FileNotFoundError, or BadBake when it cannot be trusted."""
    size = path.stat().st_size
    data = np.empty(size, np.uint8)
    with path.open("rb") as file:
        if file.readinto(data) != size or size < _HEAD.size:  # type: ignore[arg-type]
            raise BadBake(f"{path} is cut short")
    magic, head_length, body_length, check = _HEAD.unpack(data[: _HEAD.size].tobytes())
    if magic != _MAGIC:
        raise BadBake(f"{path} has another format")
    if _HEAD.size + head_length + body_length != size or zlib.crc32(data[_HEAD.size :].data) != check:
        raise BadBake(f"{path} is damaged")
    body = data[_HEAD.size + head_length :]
    head = json.loads(data[_HEAD.size : _HEAD.size + head_length].tobytes())
    arrays = {key: _array(body, *where) for key, where in head["arrays"].items()}
    plain = head["plain"]
    tables: dict[str, Any] = {}
    for table, kind in _TABLES.items():
        keys = [f"{table}.{field}" for field in kind._fields]
        tables[table] = kind(*(arrays[key] if key in arrays else plain[key] for key in keys))
    edges = np.concatenate(([0], np.cumsum(plain["crosswalks"], dtype=np.int64))).tolist()
    latitude, longitude = plain["origin"]
    return TownMap(
        name=name,
        opendrive=opendrive,
        sha256=plain["sha256"],
        origin_latitude_deg=latitude,
        origin_longitude_deg=longitude,
        box_names=plain["box_names"],
        controllers=plain["controllers"],
        groups=plain["groups"],
        spawn_points=arrays["spawn_points"],
        crosswalks=[arrays["crosswalks"][a:b] for a, b in itertools.pairwise(edges)],
        navigation=arrays["navigation"].tobytes(),
        **tables,
    )


def _array(body: np.ndarray[Any, Any], dtype: str, shape: list[int], offset: int) -> np.ndarray[Any, Any]:
    kind = np.dtype(dtype)
    length = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    return body[offset : offset + length].view(kind).reshape(shape)
