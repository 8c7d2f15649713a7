"""A piece of OpenStreetMap data, drawn: streets in a grid, with lights where the inner ones cross."""

import itertools

SIZE = 4
SOUTH_DEG, WEST_DEG = 52.0, 13.0
STEP_DEG = (0.0018, 0.0029)  # about 200 m to the north and to the east


def grid() -> str:
    nodes = []
    for i, j in itertools.product(range(SIZE), repeat=2):
        lights = '<tag k="highway" v="traffic_signals"/>' if 0 < i < SIZE - 1 and 0 < j < SIZE - 1 else ""
        latitude, longitude = SOUTH_DEG + i * STEP_DEG[0], WEST_DEG + j * STEP_DEG[1]
        nodes.append(f'<node id="{_node(i, j)}" lat="{latitude}" lon="{longitude}" version="1">{lights}</node>')
    ways = []
    for k in range(SIZE):
        ways.append(_way(100 + k, [_node(k, j) for j in range(SIZE)], "secondary"))
        ways.append(_way(200 + k, [_node(i, k) for i in range(SIZE)], "residential"))
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">', *nodes, *ways, "</osm>"])


def _node(i: int, j: int) -> int:
    return 1 + SIZE * i + j


def _way(number: int, nodes: list[int], kind: str) -> str:
    refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
    return f'<way id="{number}" version="1">{refs}<tag k="highway" v="{kind}"/><tag k="sidewalk" v="both"/></way>'
