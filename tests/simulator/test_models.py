"""Every blueprint's model: it fills its box, faces outwards, and carries the lamps and labels it must have."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.blueprints import catalogue, mesh_spec, prop_spec, vehicle_spec, walker_spec
from simulator.maps.town import RIDER
from simulator.scene.materials import Materials, linear
from simulator.scene.mesh import MeshBuilder, fitted, rest_normals
from simulator.scene.models import Model, _model, model_of, tint_of
from simulator.scene.models import palette as p
from simulator.scene.models.model import FORK, STEERED_WHEEL, WHEEL
from simulator.scene.models.palette import PALETTE, add_palette
from simulator.scene.tables import LAMP, Mesh

VEHICLES = [b.id for b in catalogue().blueprints if b.id.startswith("vehicle.")]
WALKERS = [b.id for b in catalogue().blueprints if b.id.startswith("walker.")]
PROPS = [b.id for b in catalogue().blueprints if b.id.startswith("static.prop.") and b.id != "static.prop.mesh"]
FOUR_WHEELED = [name for name in VEHICLES if vehicle_spec(name).wheels == 4]
TWO_WHEELED = [name for name in VEHICLES if vehicle_spec(name).wheels == 2]
PARKED_CAR = "/Game/Carla/Static/Car/4Wheeled/ParkedVehicles/Lincoln/SM_LincolnParked.SM_LincolnParked"

LAMPS = np.array([swatch.lamp if swatch.kind == LAMP else 0 for swatch in PALETTE])
LABELS = np.array([swatch.label for swatch in PALETTE])


def box(type_id: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Centre and half extents."""
    if type_id.startswith("walker."):
        return (0.0, 0.0, 0.0), walker_spec(type_id).half_extents
    spec = vehicle_spec(type_id) if type_id.startswith("vehicle.") else prop_spec(type_id)
    return spec.center, spec.half_extents


def model(type_id: str) -> Model:
    blueprint = catalogue().find(type_id)
    assert blueprint is not None
    made = model_of(type_id, {a.id: a.default for a in blueprint}, *box(type_id))  # type: ignore[arg-type]
    assert made is not None
    return made


def meshes(made: Model) -> list[Mesh]:
    return [made.near] if made.far is None else [made.near, made.far]


def all_meshes(made: Model) -> list[Mesh]:
    return meshes(made) if made.doors is None else [*meshes(made), made.doors]


@pytest.mark.parametrize("type_id", VEHICLES + WALKERS + PROPS)
def test_a_model_is_sound_and_inside_its_box(type_id: str) -> None:
    made = model(type_id)
    center, half = (np.array(v) for v in box(type_id))
    for mesh in all_meshes(made):
        assert len(mesh.triangles) == len(mesh.material) == len(mesh.uv) > 0
        assert len(mesh.vertices) == len(mesh.bone)
        assert np.isfinite(mesh.vertices).all()
        assert mesh.triangles.min() >= 0
        assert mesh.triangles.max() < len(mesh.vertices)
        assert mesh.material.max() < len(PALETTE)
        assert mesh.bone.max() < len(made.joints)
        bones = mesh.bone[mesh.triangles]
        assert (bones == bones[:, :1]).all(), "a triangle belongs to one bone"
        assert (mesh.vertices >= center - half - 1e-6).all()
        assert (mesh.vertices <= center + half + 1e-6).all()


@pytest.mark.parametrize("type_id", VEHICLES + PROPS)
def test_a_model_touches_its_box_on_all_sides(type_id: str) -> None:
    center, half = (np.array(v) for v in box(type_id))
    low, high = center - half, center + half
    if type_id in VEHICLES:
        low[2] = max(low[2], 0.0)  # some boxes reach below the ground; wheels do not
    vertices = model(type_id).near.vertices
    # A wheel is a polygon: it touches the ground with a corner only as it turns, see the tests of movers.
    assert (np.abs(vertices.min(0) - low) < (0.02, 0.02, 0.03)).all()
    assert (np.abs(vertices.max(0) - high) < 0.02).all()


@pytest.mark.parametrize("type_id", WALKERS)
def test_a_walker_is_as_tall_as_its_box_and_as_wide_as_its_shoulders(type_id: str) -> None:
    _, half = box(type_id)
    vertices = model(type_id).near.vertices
    assert vertices[:, 2].min() + half[2] < 0.012
    assert half[2] - vertices[:, 2].max() < 0.012
    assert half[1] - np.abs(vertices[:, 1]).max() < 0.05


@pytest.mark.parametrize("type_id", [name for name in WALKERS if 15 <= int(name[-2:]) <= 29])
def test_who_is_in_a_wheelchair_sits_on_four_wheels_in_a_box_that_fits(type_id: str) -> None:
    spec = walker_spec(type_id, seated=True)
    attributes = {"use_wheelchair": "True", "can_use_wheelchair": "true", "gender": "female", "age": "adult"}
    made = model_of(type_id, attributes, spec.center, spec.half_extents)
    assert made is not None
    assert (made.joints["kind"] == WHEEL).sum() == 4
    for mesh in meshes(made):
        away = np.abs(mesh.vertices - np.array(spec.center, np.float32)) - np.array(spec.half_extents, np.float32)
        assert away.max() <= 0.0
    assert (made.near.vertices.min(0) - spec.center + spec.half_extents < 0.03).all()
    assert (np.array(spec.center) + spec.half_extents - made.near.vertices.max(0) < 0.03).all()
    assert len(made.near.triangles) <= 860
    assert made.far is not None
    assert len(made.far.triangles) <= 420


def test_who_cannot_sit_in_a_wheelchair_stands() -> None:
    child = "walker.pedestrian.0009"
    asked = model_of(child, {"use_wheelchair": "true", "can_use_wheelchair": "false"}, *box(child))  # type: ignore[arg-type]
    assert asked is not None
    assert not (asked.joints["kind"] == WHEEL).any()


@pytest.mark.parametrize("type_id", VEHICLES)
def test_from_afar_a_vehicle_has_the_same_outline(type_id: str) -> None:
    made = model(type_id)
    assert made.far is not None
    for mesh, other in ((made.near, made.far), (made.far, made.near)):
        away = (
            np.abs(mesh.vertices.max(0) - other.vertices.max(0)),
            np.abs(mesh.vertices.min(0) - other.vertices.min(0)),
        )
        assert (np.maximum(*away)[[0, 2]] < 0.06).all()


def test_models_have_few_triangles() -> None:
    near = {type_id: len(model(type_id).near.triangles) for type_id in VEHICLES + WALKERS + PROPS}
    far = {type_id: len(meshes(model(type_id))[-1].triangles) for type_id in VEHICLES + WALKERS + PROPS}
    assert max(near.values()) <= 720
    assert np.median([near[type_id] for type_id in FOUR_WHEELED]) <= 600
    assert max(near[type_id] for type_id in WALKERS) <= 480
    assert max(far[type_id] for type_id in VEHICLES) <= 200
    assert np.median([far[type_id] for type_id in FOUR_WHEELED]) <= 125
    assert max(far[type_id] for type_id in WALKERS) <= 96


def parts(mesh: Mesh) -> list[NDArray[np.int32]]:
    """Triangles that hang together by their vertices, as rows of mesh.triangles."""
    root = list(range(len(mesh.vertices)))

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for a, b, c in mesh.triangles.tolist():
        root[find(b)] = find(a)
        root[find(c)] = find(a)
    found = defaultdict(list)
    for t, (a, _, _) in enumerate(mesh.triangles.tolist()):
        found[find(a)].append(t)
    return [np.array(rows) for rows in found.values()]


def edges(triangles: NDArray[np.int32]) -> Counter[tuple[int, int]]:
    return Counter((int(t[k]), int(t[(k + 1) % 3])) for t in triangles for k in range(3))


@pytest.mark.parametrize("type_id", VEHICLES + WALKERS + PROPS)
def test_solids_are_closed_and_face_outwards(type_id: str) -> None:
    """Every part is a closed solid of positive volume, or a patch: one face that lies on a solid."""
    for mesh in all_meshes(model(type_id)):
        normals = rest_normals(mesh)
        for rows in parts(mesh):
            triangles = mesh.triangles[rows]
            directed = edges(triangles)
            if all(directed[b, a] == count for (a, b), count in directed.items()):
                a, b, c = (mesh.vertices[triangles[:, k]].astype(np.float64) for k in range(3))
                middle = a.mean(0)
                volume = np.einsum("ij,ij->", a - middle, np.cross(b - middle, c - middle)) / 6.0
                assert volume > 0.0
            else:
                assert (normals[rows] @ normals[rows[0]] > 0.9).all(), "neither closed nor flat"


def lamps(mesh: Mesh, bit: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Middles and normals of the triangles that a bit of the light state lights."""
    rows = np.flatnonzero(LAMPS[mesh.material] & bit)
    return mesh.vertices[mesh.triangles[rows]].mean(axis=1, dtype=np.float64), rest_normals(mesh)[rows]


@pytest.mark.parametrize("type_id", FOUR_WHEELED)
def test_a_car_has_all_lamps_where_they_belong(type_id: str) -> None:
    made = model(type_id)
    assert made.far is not None
    center, half = (np.array(v) for v in box(type_id))
    for mesh, bits in (
        (made.near, (p.LOW_BEAM, p.HIGH_BEAM, p.POSITION, p.FOG)),
        (made.far, (p.LOW_BEAM, p.HIGH_BEAM)),
    ):
        for bit in bits:
            at, facing = lamps(mesh, bit)
            ahead = (at[:, 0] > center[0] + 0.8 * half[0]) & (facing[:, 0] > 0.8)
            assert ahead.any()
    for mesh in (made.near, made.far):
        at, facing = lamps(mesh, p.BRAKE)
        assert (at[:, 0] < center[0]).all()
        at = at[facing[:, 0] < -0.9]
        assert len(at) >= 4
        assert {-1.0, 1.0} <= set(np.sign(at[np.abs(at[:, 1] - center[1]) > 0.3 * half[1], 1] - center[1]))
        for bit, side in ((p.LEFT_BLINKER, -1.0), (p.RIGHT_BLINKER, 1.0)):
            at, facing = lamps(mesh, bit)
            assert (side * (at[:, 1] - center[1]) > 0.2 * half[1]).all()
            assert (at[:, 0] > center[0] + 0.8 * half[0]).any()
            assert ((at[:, 0] < center[0] - 0.8 * half[0]) & (facing[:, 0] < -0.9)).any()
    at, facing = lamps(made.near, p.REVERSE)
    assert len(at) > 0
    assert (facing[:, 0] < -0.9).all()


@pytest.mark.parametrize("type_id", VEHICLES)
def test_emergency_vehicles_have_beacons_and_others_have_none(type_id: str) -> None:
    blueprint = catalogue().find(type_id)
    assert blueprint is not None
    emergency = blueprint.attribute("special_type").default == "emergency"
    for mesh in meshes(model(type_id)):
        assert (len(lamps(mesh, p.SPECIAL_1)[0]) > 0) == emergency


@pytest.mark.parametrize("type_id", TWO_WHEELED)
def test_two_wheelers_carry_a_rider(type_id: str) -> None:
    for mesh in meshes(model(type_id)):
        labels = LABELS[mesh.material]
        assert 0.2 < (labels == RIDER).mean() < 0.8
        top = mesh.vertices[mesh.triangles[labels == RIDER]].max(axis=(0, 1))[2]
        assert top == mesh.vertices[:, 2].max()
    for bit in (p.LOW_BEAM, p.POSITION, p.BRAKE):
        assert len(lamps(model(type_id).near, bit)[0]) > 0


def test_riders_differ_by_the_drivers_number() -> None:
    type_id = "vehicle.yamaha.yzf"
    made = [model_of(type_id, {"driver_id": str(n)}, *box(type_id)) for n in (1, 2)]  # type: ignore[arg-type]
    assert made[0] is not None
    assert made[1] is not None
    assert (made[0].near.material != made[1].near.material).any()


@pytest.mark.parametrize("type_id", WALKERS + PROPS)
def test_labels_of_others_are_their_own(type_id: str) -> None:
    for mesh in meshes(model(type_id)):
        assert not LABELS[mesh.material].any()


@pytest.mark.parametrize("type_id", VEHICLES)
def test_wheels_turn_about_their_middle(type_id: str) -> None:
    made = model(type_id)
    wheels = [k for k, joint in enumerate(made.joints) if joint["kind"] in (WHEEL, STEERED_WHEEL)]
    assert len(wheels) == vehicle_spec(type_id).wheels
    for bone in wheels:
        joint = made.joints[bone]
        vertices = made.near.vertices[made.near.bone == bone]
        reach = np.hypot(vertices[:, 0] - joint["x"], vertices[:, 2] - joint["z"])
        assert reach.max() == pytest.approx(joint["radius"], abs=1e-5)
        center, half = box(type_id)
        assert joint["z"] - joint["radius"] == pytest.approx(max(center[2] - half[2], 0.0), abs=1e-6)
    assert any(joint["kind"] in (STEERED_WHEEL, FORK) and joint["most"] > 0.12 for joint in made.joints)


def test_walkers_do_not_look_alike() -> None:
    looks = {(tint_of(w, {}), model(w).near.material.tobytes(), model(w).near.vertices.tobytes()) for w in WALKERS}
    assert len(looks) > 45


def test_the_same_model_is_made_again() -> None:
    for type_id in (*VEHICLES[::6], *WALKERS[::12], *PROPS[::12]):
        first = model(type_id)
        _model.cache_clear()
        again = model(type_id)
        assert again is not first
        for one, other in zip(meshes(first), meshes(again), strict=True):
            assert all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(one, other, strict=True))
        assert first.joints.tobytes() == again.joints.tobytes()


def test_meshes_by_path() -> None:
    spec = mesh_spec(PARKED_CAR)
    assert spec is not None
    parked = model_of("static.prop.mesh", {"mesh_path": PARKED_CAR}, spec.center, spec.half_extents)
    assert parked is not None
    assert p.WINDOW in parked.near.material
    assert tint_of("static.prop.mesh", {"mesh_path": PARKED_CAR}) == linear(60, 62, 66)
    unknown = model_of("static.prop.mesh", {"mesh_path": "/Game/SM_Other"}, (0.0, 0.0, 1.0), (0.5, 0.5, 1.0))
    assert unknown is not None
    assert len(unknown.near.triangles) == 12
    assert model_of("static.prop.mesh", {"mesh_path": "/Game/SM_Other"}, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)) is None


def test_tints() -> None:
    assert tint_of("vehicle.audi.tt", {"color": "255,0,128"}) == pytest.approx((1.0, 0.0, 0.2158605), abs=1e-6)
    assert tint_of("static.prop.bin", {}) == (1.0, 1.0, 1.0)
    assert len({tint_of(type_id, {}) for type_id in WALKERS}) > 10


def test_the_palette_keeps_its_rows_in_any_table() -> None:
    materials = Materials()
    materials.add("something else", kind=0, colour=(0.0, 0.0, 0.0))
    rows = add_palette(materials)
    assert len(set(rows)) == len(PALETTE)
    table = materials.table()
    assert [int(table[row]["lamp"]) for row in rows] == [swatch.lamp for swatch in PALETTE]
    assert add_palette(materials) == rows


def test_a_solid_faces_outwards_whichever_way_it_is_given() -> None:
    corners = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    faces = [(0, 1, 2), (0, 3, 1), (0, 2, 3), (1, 3, 2)]
    for order in (1, -1):
        builder = MeshBuilder()
        builder.solid([([corners[k] for k in face[::order]], 0) for face in faces])
        mesh = builder.build()
        outwards = mesh.vertices[mesh.triangles].mean(1) - mesh.vertices.mean(0)
        assert (np.einsum("ij,ij->i", rest_normals(mesh), outwards) > 0.0).all()


def test_a_patch_faces_where_it_is_told() -> None:
    square = [(0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, 1.0), (0.0, 0.0, 1.0)]
    for facing in (1.0, -1.0):
        builder = MeshBuilder()
        builder.patch(square, 0, (facing, 0.0, 0.0))
        assert (rest_normals(builder.build()) == (facing, 0.0, 0.0)).all()


def test_fitted_stretches_exactly_to_the_box() -> None:
    builder = MeshBuilder()
    builder.ellipsoid((3.0, -2.0, 7.0), (1.0, 2.0, 0.3), 7, 5, 0)
    low, high = (-0.1, -0.2, 0.0), (0.3, 0.7, 1.1)
    mesh = fitted(builder.build(), low, high)
    assert mesh.vertices.min(0).tolist() == pytest.approx(low)
    assert mesh.vertices.max(0).tolist() == pytest.approx(high)


@pytest.mark.parametrize("driver_id", ["", "7", "7.0", "3.5f", "1e999", "-4", "nobody"])
def test_a_driver_may_be_named_by_any_text(driver_id: str) -> None:
    assert model_of("vehicle.bh.crossbike", {"driver_id": driver_id}, (0.0, 0.0, 0.8), (0.7, 0.4, 0.8)) is not None
