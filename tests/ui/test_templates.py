"""Every template of the product: compiles, names icons that exist, keeps scripts and styles out of the markup."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from core.templatetags.ui import ICONS

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [path.relative_to(ROOT / "templates").as_posix() for path in TEMPLATES]
PRINTED = ("analytics/report.html",)  # WeasyPrint's own document
ICON = re.compile(r"""\bicon=["']([a-z0-9-]+)["']|\{% icon ["']([a-z0-9-]+)["']""")


@pytest.mark.parametrize("name", NAMES)
def test_compiles(name):
    get_template(name)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_icons_exist(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text())
    wanted = {a or b for a, b in ICON.findall(text)}
    assert {name for name in wanted if not (ICONS / f"{name}.svg").is_file()} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_no_script_or_style_in_the_markup(path):
    text = re.sub(r"<script[^>]* src=[^>]*></script>", "", path.read_text())
    if path.relative_to(ROOT / "templates").as_posix() not in PRINTED:
        assert not re.search(r"<script|<style|\son[a-z]+=|hx-on|javascript:", text)


def test_links_have_an_address_and_lines_of_comment_are_comments():
    """A `{# #}` comment over several lines would be printed."""
    assert [n for n, p in zip(NAMES, TEMPLATES, strict=True) if re.search(r"\{#[^#}\n]*\n", p.read_text())] == []
