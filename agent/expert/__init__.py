"""The privileged driver: it reads the world instead of sensors. Teacher of the policy and yardstick of the suites."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.expert.driver import ExpertAgent

__all__ = ["ExpertAgent", "get_entry_point"]


def get_entry_point() -> str:
    return "ExpertAgent"


def __getattr__(name: str) -> Any:
    """The agent's interface is imported with the agent: its parts can be used without it."""
    if name == "ExpertAgent":
        from agent.expert.driver import ExpertAgent

        return ExpertAgent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
