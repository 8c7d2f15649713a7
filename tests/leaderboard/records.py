"""What a record needs beside events, for tests."""

from leaderboard.log import manifest as manifests

NOW = "2026-11-21T12:00:00Z"


def manifest(**changes):
    values = {
        "profile": "lb2.1",
        "seed": 0,
        "timing": "sync",
        "traffic": "none",
        "allow_missing_scenarios": False,
        "agent_timeout_s": 300.0,
        "stall_timeout_s": 60.0,
        "workers": 1,
        "suite": manifests.SuiteInfo(name="smoke", sha256="ab", subset="", routes=8, repetitions=1),
        "agent": manifests.AgentInfo(source="agent.expert", sha256="cd", config="", config_sha256=None),
        "simulator": manifests.SimulatorInfo(kind="embedded", version="0.1.0", shared=False),
        "harness": manifests.harness_info(),
        "machine": manifests.machine_info(),
        "started": NOW,
    }
    return manifests.Manifest(**(values | changes))
