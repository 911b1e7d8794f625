"""Reads of what came of playbooks: figures as they were known then, results, comparisons, replays of triggers."""
