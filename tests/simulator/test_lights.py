"""Traffic lights take turns by CARLA's rules."""

import pytest

from simulator.world.lights import GREEN, RED, STAGE_GREEN, STAGE_RED, YELLOW, TrafficLights
from tests.fakes.towns import flat_town

DT = 0.05


@pytest.fixture
def junction() -> TrafficLights:
    """One junction: controller 0 rules lights 0 and 1, controller 1 rules light 2; light 3 stands alone elsewhere."""
    return TrafficLights(flat_town(lights=4, controllers=[[0, 1], [2], [3]], groups=[[0, 1], [2]]))


def run(lights: TrafficLights, seconds: float) -> None:
    for _ in range(round(seconds / DT)):
        lights.step(DT)


def states(lights: TrafficLights) -> list[int]:
    return [int(state) for state in lights.lights["state"]]


def test_controllers_of_a_junction_take_turns(junction: TrafficLights) -> None:
    assert states(junction)[:3] == [GREEN, GREEN, RED]
    run(junction, 9.95)
    assert states(junction)[:3] == [GREEN, GREEN, RED]
    run(junction, 0.05)
    assert states(junction)[:3] == [YELLOW, YELLOW, RED]
    run(junction, 3.0)
    assert states(junction)[:3] == [RED, RED, RED]
    run(junction, 2.0)
    assert states(junction)[:3] == [RED, RED, GREEN]
    run(junction, 15.0)
    assert states(junction)[:3] == [GREEN, GREEN, RED]


def test_a_lone_signal_is_red_for_ten_seconds(junction: TrafficLights) -> None:
    run(junction, 13.0)
    assert states(junction)[3] == RED
    run(junction, 9.95)
    assert states(junction)[3] == RED
    run(junction, 0.05)
    assert states(junction)[3] == GREEN


def test_a_state_set_by_hand_holds_until_the_controller_advances(junction: TrafficLights) -> None:
    junction.set_state(2, GREEN)
    run(junction, 12.0)
    assert states(junction)[2] == GREEN
    run(junction, 3.0 + 10.0)  # its own turn comes and goes
    assert states(junction)[2] == YELLOW


def test_times_belong_to_the_controller(junction: TrafficLights) -> None:
    junction.set_time(1, STAGE_GREEN, 4.0)
    assert junction.lights["green_s"].tolist() == [4.0, 4.0, 10.0, 10.0]
    run(junction, 4.0)
    assert states(junction)[:2] == [YELLOW, YELLOW]


def test_frozen_lights_keep_state_and_clock(junction: TrafficLights) -> None:
    run(junction, 5.0)
    junction.freeze_all(True)
    run(junction, 60.0)
    assert states(junction)[:3] == [GREEN, GREEN, RED]
    assert junction.lights["elapsed_s"][0] == pytest.approx(5.0)
    junction.freeze_all(False)
    run(junction, 5.0)
    assert states(junction)[:2] == [YELLOW, YELLOW]


def test_reset_starts_the_group_again_and_no_other(junction: TrafficLights) -> None:
    run(junction, 12.0)
    junction.reset_group(2)
    assert states(junction) == [GREEN, GREEN, RED, YELLOW]
    junction.reset_all()
    assert states(junction) == [GREEN, GREEN, RED, GREEN]


def test_group_holds_the_light_itself(junction: TrafficLights) -> None:
    assert junction.group_of(2) == [0, 1, 2]
    assert junction.group_of(3) == [3]


def test_times_of_zero_do_not_hang(junction: TrafficLights) -> None:
    for light in range(4):
        for stage in (STAGE_GREEN, 1, STAGE_RED):
            junction.set_time(light, stage, 0.0)
    run(junction, 1.0)
    assert set(states(junction)) <= {RED, YELLOW, GREEN}
