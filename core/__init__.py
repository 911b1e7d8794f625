"""What every app stands on: actor, permission, trail, errors, http, money, time, jobs. A closed list of files."""
