"""Contacts of the ego: all are written down, the rules say which count.

Rules: CollisionTest of scenario_runner (atomic_criteria.py), branches leaderboard-1.0 and master.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard.criteria.geometry import distance, ground_distance
from leaderboard.criteria.view import Contact, TickView
from leaderboard.profiles import CollisionRules
from scenarios.events import Category, CollisionStarted, Event, Ignored, Outcome, Place

__all__ = ["Collision", "category_of"]


def category_of(type_id: str) -> Category:
    """By parts of the type's name, as CollisionTest does it; a sidewalk is no obstacle."""
    if ("static" in type_id or "traffic" in type_id) and "sidewalk" not in type_id:
        return Category.STATIC
    if "vehicle" in type_id:
        return Category.VEHICLE
    if "walker" in type_id:
        return Category.PEDESTRIAN
    return Category.OTHER


class Collision:
    outcome: Outcome | None = None

    def __init__(self, rules: CollisionRules) -> None:
        self._rules = rules
        self._places: list[Place] = []
        self._actor_id: int | None = None
        self._counted_at_s = 0.0
        self._before: Place | None = None

    def update(self, view: TickView) -> Iterable[Event]:
        events = [self.judge(contact) for contact in view.contacts]
        # The contacts of this tick come with the next view, and are judged with what was forgotten before this tick.
        if self._before is not None:
            limit_m = self._rules.forget_place_m
            self._places = [place for place in self._places if self._gap_m(self._before, place) <= limit_m]
        self._before = view.ego.place
        return events

    def end(self, view: TickView, interrupted: bool) -> Iterable[Event]:
        return ()

    def judge(self, contact: Contact) -> CollisionStarted:
        """The event of one contact, and what it does to those that follow."""
        category = category_of(contact.type_id)
        ignored = self._why_ignored(contact)
        if ignored is None and (category is not Category.OTHER or self._rules.other_mutes):
            self._remember(contact)
        return CollisionStarted(
            frame=contact.frame,
            time_s=contact.time_s,
            place=contact.ego_place,
            other_id=contact.other_id,
            type_id=contact.type_id,
            role=contact.role,
            category=category,
            impulse_ns=contact.impulse_ns,
            ego_speed_mps=contact.ego_speed_mps,
            ignored=ignored,
        )

    def _why_ignored(self, contact: Contact) -> Ignored | None:
        rules = self._rules
        if contact.time_s - self._counted_at_s > rules.same_actor_s:
            self._actor_id = None
        if self._actor_id is not None and self._actor_id == contact.other_id:
            return Ignored.SAME_ACTOR
        if any(self._gap_m(contact.ego_place, place) <= rules.same_place_m for place in self._places):
            return Ignored.SAME_PLACE
        if rules.standing_mps is not None and contact.ego_speed_mps < rules.standing_mps:
            return Ignored.EGO_STOOD
        return None

    def _gap_m(self, one: Place, other: Place) -> float:
        return ground_distance(one, other) if self._rules.places is None else distance(one, other)

    def _remember(self, contact: Contact) -> None:
        self._counted_at_s = contact.time_s
        self._places.append(contact.ego_place)
        if self._rules.places is not None:
            del self._places[: -self._rules.places]
        # Number 0 is the whole static world. A contact with it keeps the actor before it remembered, and for longer: so
        # does the official test.
        if contact.other_id != 0:
            self._actor_id = contact.other_id
