"""The rules of the house that a linter cannot see."""

import ast
import inspect
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.urls import get_resolver

from config.wiring import EVENTS, PANELS

ROOT = Path(settings.BASE_DIR)
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())
FLOORS = {app.strip() for floor in CONFIG["tool"]["importlinter"]["contracts"][0]["layers"] for app in floor.split("|")}
CORE = {
    *("__init__", "actor", "among", "apps", "audit", "cells", "egress", "errors", "guard", "http", "jobs", "models"),
    *("money", "rules", "tasks", "time"),
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def _sources(*tops: str) -> list[Path]:
    found = [path for top in tops for path in (ROOT / top).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def test_every_app_has_a_floor() -> None:
    ours = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert ours <= FLOORS


def test_core_is_a_closed_list_of_files() -> None:
    assert {path.stem for path in (ROOT / "core").glob("*.py")} == CORE


def test_every_subscriber_accepts_its_event() -> None:
    for event, tasks in EVENTS.items():
        task: Any
        for task in tasks:
            given = {"events": []} if task.many else dict.fromkeys(f.name for f in fields(event))
            inspect.signature(task.run).bind(**given)


def test_every_panel_has_its_address() -> None:
    for panel in PANELS:
        namespace, _, name = panel.url_name.partition(":")
        resolver = get_resolver("config.urls_tenant").namespace_dict[namespace][1]
        assert name in resolver.reverse_dict, panel.url_name


def test_files_and_functions_are_short() -> None:
    long: list[tuple[str, int]] = []
    for path in _sources(*FLOORS):
        text = path.read_text()
        name = str(path.relative_to(ROOT))
        long += [(name, text.count("\n"))] if text.count("\n") > LONGEST_FILE else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > LONGEST_FUNCTION:
                long.append((f"{name}:{node.name}", _length(node)))
    assert long == []


def _length(node: Any) -> int:
    """Lines of code of a function: its docstring does not count."""
    first = node.body[0]
    words = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    documented = (first.end_lineno - first.lineno + 1) if words else 0
    return int(node.end_lineno - node.lineno + 1 - documented)


def test_templates_carry_no_script_and_no_style() -> None:
    """The content security policy would refuse them; better to know before the browser does."""
    for path in (ROOT / "templates").rglob("*.html"):
        if path.name == "report.html":
            continue  # printed, never served
        text = path.read_text().lower()
        assert "<style" not in text, path
        assert "<script>" not in text, path
        assert " onclick=" not in text, path
        assert "hx-on" not in text, path


def test_nothing_is_fetched_from_another_host() -> None:
    """No CDN: pages, styles and scripts of ours name no foreign address."""
    for path in [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "static/js").rglob("*.js"),
        *(ROOT / "static/css").rglob("*.css"),
    ]:
        for line in path.read_text().splitlines():
            if "http://" in line or "https://" in line:
                assert "www.w3.org" in line or "{" in line or "example" in line, (path, line.strip()[:120])


def test_public_names_of_operations_are_keyword_only() -> None:
    for path in _sources(*FLOORS):
        if path.stem != "operations" and path.parent.name != "operations":
            continue
        for node in ast.parse(path.read_text()).body:
            if (
                isinstance(node, ast.FunctionDef)
                and not node.name.startswith(("_", "require"))  # guards read like core.rules.require
                and any(argument.arg == "by" for argument in node.args.kwonlyargs + node.args.args)
            ):
                assert node.args.args == [], f"{path.relative_to(ROOT)}:{node.name}"


def test_every_scheduled_task_exists_and_takes_its_arguments() -> None:
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        given = entry.get("kwargs", {})
        inspect.signature(current_app.tasks[entry["task"]].run).bind(**given)
        if "task" in given:
            inspect.signature(current_app.tasks[given["task"]].run).bind()
            assert entry["schedule"] <= given["every"], name  # a slot may be asked for more often than it is long
