"""Contacts: all are written, the rules of both generations say which count."""

import pytest

from leaderboard.criteria.collision import Collision, category_of
from leaderboard.criteria.view import Contact, Place
from leaderboard.profiles import profile_named
from scenarios.events import Category, Ignored
from tests.fakes.drawn_map import Drive, road_map

TWO = profile_named("lb2.1").runtime.collisions
ONE = profile_named("lb1.0").runtime.collisions


def contact(view, other_id=5, type_id="vehicle.audi.tt", speed_mps=10.0, role=""):
    return Contact(view.frame, view.time_s, other_id, type_id, role, 900.0, view.ego.place, speed_mps)


def run(rules, ticks):
    """What comes of (x, contacts as keyword dictionaries) tick by tick; contacts arrive with the view after."""
    criterion, drive = Collision(rules), Drive(road_map())
    events, waiting = [], ()
    for x, *contacts in ticks:
        view = drive.view(x, contacts=waiting)
        events += criterion.update(view)
        waiting = tuple(contact(view, **each) for each in contacts)
    events += criterion.update(drive.view(x, contacts=waiting))
    assert list(criterion.end(drive.view(x), False)) == []
    return events


def test_no_contact_no_event():
    assert run(TWO, [(0.0,), (1.0,)]) == []


def test_a_contact_is_written_with_what_was_seen():
    (event,) = run(TWO, [(3.0, {"type_id": "walker.pedestrian.0001", "role": "walker"})])
    assert (event.category, event.counted, event.ignored) == (Category.PEDESTRIAN, True, None)
    assert (event.other_id, event.type_id, event.role, event.impulse_ns) == (
        5,
        "walker.pedestrian.0001",
        "walker",
        900.0,
    )
    assert (event.frame, event.time_s, event.place) == (1, 0.05, Place(3.0, 1.75, 0.0))
    assert event.ego_speed_mps == 10.0


@pytest.mark.parametrize(
    ("type_id", "category"),
    [
        ("static.building", Category.STATIC),
        ("traffic.traffic_light", Category.STATIC),
        ("static.prop.streetbarrier", Category.STATIC),
        ("static.sidewalk", Category.OTHER),
        ("vehicle.audi.tt", Category.VEHICLE),
        ("walker.pedestrian.0001", Category.PEDESTRIAN),
        ("controller.ai.walker", Category.PEDESTRIAN),
        ("sensor.other.gnss", Category.OTHER),
    ],
)
def test_categories(type_id, category):
    assert category_of(type_id) is category


def test_the_same_actor_is_one_collision_for_five_seconds():
    ticks = [(8.0 * tick, {}) for tick in range(130)]
    counted = [event for event in run(TWO, ticks) if event.counted]
    # The first tick more than 5 s later.
    assert [event.time_s for event in counted] == pytest.approx([0.05, 5.1])
    ignored = {event.ignored for event in run(TWO, ticks)} - {None}
    assert ignored == {Ignored.SAME_ACTOR}


def test_other_actors_count_only_five_metres_on():
    ticks = [(float(tick), {"other_id": 100 + tick}) for tick in range(13)]
    events = run(TWO, ticks)
    assert [event.place.x for event in events if event.counted] == [0.0, 6.0, 12.0]
    assert {event.ignored for event in events} == {None, Ignored.SAME_PLACE}


def test_one_zero_asks_for_three_metres_and_remembers_all_places():
    ticks = [(float(tick), {"other_id": 100 + tick}) for tick in range(9)]
    assert [event.place.x for event in run(ONE, ticks) if event.counted] == [0.0, 4.0, 8.0]
    back = [(0.0, {"other_id": 1}), (4.0, {"other_id": 2}), (1.0, {"other_id": 3})]
    assert [event.counted for event in run(ONE, back)] == [True, True, False]
    # 2.x remembers only the last place, which is 6 m away when the ego has come back.
    back = [(0.0, {"other_id": 1}), (6.0, {"other_id": 2}), (0.0, {"other_id": 3})]
    assert [event.counted for event in run(TWO, back)] == [True, True, True]


def test_one_zero_measures_over_the_ground_two_in_space():
    criterion_of = {}
    for name, rules in (("1.0", ONE), ("2.x", TWO)):
        criterion, drive = Collision(rules), Drive(road_map())
        below, above = drive.view(0.0), drive.view(0.0, z=6.0)
        events = criterion.update(drive.view(0.0, contacts=(contact(below, other_id=1), contact(above, other_id=2))))
        criterion_of[name] = [event.counted for event in events]
    assert criterion_of == {"1.0": [True, False], "2.x": [True, True]}


def test_a_standing_ego_is_not_at_fault_in_two():
    assert [event.ignored for event in run(TWO, [(0.0, {"speed_mps": 0.09})])] == [Ignored.EGO_STOOD]
    assert [event.ignored for event in run(TWO, [(0.0, {"speed_mps": 0.1})])] == [None]
    assert [event.ignored for event in run(ONE, [(0.0, {"speed_mps": 0.0})])] == [None]


def test_a_sidewalk_mutes_what_follows_in_two():
    ticks = [(0.0, {"type_id": "static.sidewalk", "other_id": 0}), (2.0, {"type_id": "static.fence", "other_id": 0})]
    assert [(event.counted, event.ignored) for event in run(TWO, ticks)] == [(False, None), (False, Ignored.SAME_PLACE)]
    assert [(event.counted, event.ignored) for event in run(ONE, ticks)] == [(False, None), (True, None)]


def test_static_contacts_prolong_the_memory_of_the_actor_before():
    """The official test keeps the actor's id and renews the time."""
    far = [(10.0 * tick,) for tick in range(70)]
    ticks = [
        (0.0, {"other_id": 5}),
        *far,
        (700.0, {"other_id": 0, "type_id": "static.wall"}),
        *far,
        (1500.0, {"other_id": 5}),
    ]
    assert [event.ignored for event in run(TWO, ticks)] == [None, None, Ignored.SAME_ACTOR]
