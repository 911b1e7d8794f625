"""Permissions: every one that is named exists, and the default roles hold what their work needs."""

import importlib
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from config.wiring import PERMISSIONS
from core import rules
from core.actor import Actor
from core.rules import ADMIN, ROLES, SEES_ALL, allowed, permission, permissions, require, rule


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(rules, "_PERMISSIONS", dict(rules._PERMISSIONS))
    monkeypatch.setattr(rules, "_RULES", dict(rules._RULES))


def person(*held: str, sees_all: bool = False) -> Actor:
    return Actor(label="Alice", user_id=uuid4(), permissions=frozenset(held), sees_all=sees_all)


def named_in(module) -> dict[str, str]:
    return {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)}


@pytest.mark.parametrize("module", PERMISSIONS, ids=lambda module: module.__name__)
def test_every_permission_named_in_a_rules_file_exists(module):
    known = {one.name for one in permissions()}
    assert named_in(module)
    assert set(named_in(module).values()) <= known


def test_nothing_is_registered_outside_the_rules_files():
    modules = [*PERMISSIONS, importlib.import_module("tenants.rules")]
    named = {value for module in modules for value in named_in(module).values()}
    assert {one.name for one in permissions() if not one.name.startswith("tests.")} == named


def test_the_default_roles_hold_what_their_work_needs():
    held = {role: {one.name for one in permissions() if role in one.roles} for role in ROLES}
    assert held[ADMIN] == {one.name for one in permissions()}
    assert held["viewer"] == {"analytics.create_report"}
    assert held["csm"] < held["manager"]
    assert {"accounts.edit", "kpis.upload", "kpis.correct_value", "playbooks.complete_step"} <= held["csm"]
    assert {"users.manage", "tenants.operate", "users.edit_workspace"}.isdisjoint(held["manager"])
    assert "core.view_trail" in held["manager"]
    assert "kpis.correct_value" not in held["analyst"]
    assert set(ROLES) - SEES_ALL == {"csm"}


def test_every_label_reads_as_a_sentence_of_a_refusal():
    for one in permissions():
        with pytest.raises(PermissionDenied) as refusal:
            require(person(), one.name)
        assert str(refusal.value) == f"Your role does not allow you to {one.label[0].lower()}{one.label[1:]}."


def test_abbreviations_stay_as_they_are():
    with pytest.raises(PermissionDenied, match="to correct a KPI value"):
        require(person(), "kpis.correct_value")


def test_holding_it_is_enough_without_a_condition():
    name = permission("tests.do", "Do it")
    assert allowed(person(name), name, object())
    assert not allowed(person(), name)
    require(person(name), name)


def test_a_condition_looks_at_the_object_and_never_replaces_the_permission():
    name = permission("tests.own", "Do it to one's own")
    rule(name)(lambda by, obj: obj == by.label)
    assert allowed(person(name), name, "Alice")
    assert not allowed(person(name), name, "Bob")
    assert not allowed(person(), name, "Alice")


def test_the_system_may_do_everything_and_nobody_else_looks_like_it():
    assert allowed(Actor.system("scoring"), "anything.at_all")
    assert not person(sees_all=True).is_system
    assert not Actor(label="system:forged").is_system


def test_a_permission_nobody_registered_is_refused():
    with pytest.raises(PermissionDenied, match=r"tests\.unknown"):
        require(person(), "tests.unknown")


def test_roles_and_names_are_checked_when_they_are_registered():
    with pytest.raises(ValueError, match="no such roles"):
        permission("tests.typo", "Do it", roles=("manger",))
    permission("tests.twice", "Do it")
    permission("tests.twice", "Do it")
    with pytest.raises(ValueError, match="registered twice"):
        permission("tests.twice", "Do something else")
