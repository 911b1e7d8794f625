"""What is made of the numbers: reports now; models, forecasts and dashboards as they come."""
