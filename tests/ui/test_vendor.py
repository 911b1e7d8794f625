"""Third-party browser files are exactly those of the manifest, and the pages load no others."""

import gzip
import hashlib
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static/vendor"
PACKAGES = json.loads((VENDOR / "manifest.json").read_text())


def test_every_vendored_file_has_the_hash_of_the_manifest():
    wrong = [
        entry["path"]
        for package in PACKAGES
        for entry in package["files"]
        if hashlib.sha256((VENDOR / entry["path"]).read_bytes()).hexdigest() != entry["sha256"]
    ]
    assert wrong == []


def test_no_file_is_vendored_outside_the_manifest():
    listed = {entry["path"] for package in PACKAGES for entry in package["files"]} | {"manifest.json", "README.md"}
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert present == listed


def test_every_package_brings_its_licence_and_may_be_shipped():
    for package in PACKAGES:
        assert package["licence"] in {"0BSD", "ISC", "MIT", "OFL-1.1", "Apache-2.0"}
        assert (VENDOR / package["name"] / package["version"] / "LICENSE").is_file()


def test_pages_name_the_vendored_versions():
    named = "".join(
        path.read_text()
        for path in (ROOT / "templates/ui/head.html", ROOT / "static/css/base.css", ROOT / "core/templatetags/ui.py")
    )
    assert set(re.findall(r"vendor/(\w+)/([\d.]+)", named)) == {(p["name"], p["version"]) for p in PACKAGES}


def test_styles_and_scripts_stay_inside_the_budget_of_a_list_page():
    """30 KB of script, 25 KB of style, 48 KB of font, compressed (reference/ui.md 1.5)."""

    def weight(paths):
        return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)

    scripts = [*(ROOT / "static/js").glob("*.js"), VENDOR / "htmx/4.0.1/htmx.min.js"]
    assert weight(scripts) <= 30_000
    head = (ROOT / "templates/ui/head.html").read_text() + (ROOT / "templates/kpis/portfolio.html").read_text()
    styles = [ROOT / "static" / name for name in re.findall(r"css/[\w-]+\.css", head)]
    assert len(styles) >= 4
    assert weight(styles) <= 25_000
    assert (VENDOR / "inter/5.3.0/inter-latin-wght-normal.woff2").stat().st_size <= 48 * 1024
