"""KPI catalogue, uploads, values, scorecards and the health score with its evidence."""
