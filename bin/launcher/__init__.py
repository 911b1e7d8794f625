"""What `make` runs. Python's standard library only: it works before the virtual environment exists."""
