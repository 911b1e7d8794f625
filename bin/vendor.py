"""Write the hashes of the vendored files into manifest.json; run it after copying a new version in."""

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "static/vendor"
MANIFEST = HERE / "manifest.json"


def hashed(packages: list[dict]) -> list[dict]:
    """Every file under <name>/<version>/, with its SHA-256 and the file of the package it is a copy of."""
    for package in packages:
        folder = HERE / package["name"] / package["version"]
        package["files"] = [
            {
                "path": path.relative_to(HERE).as_posix(),
                "source": path.name if path.name == "LICENSE" else f"{package['source']}/{path.name}",
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in sorted(folder.iterdir())
        ]
    return packages


if __name__ == "__main__":
    MANIFEST.write_text(json.dumps(hashed(json.loads(MANIFEST.read_text())), indent=1) + "\n")
