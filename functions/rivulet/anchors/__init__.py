"""Anchors: cheap forecasts of a series' next value, which a model's learner starts from instead of from nothing."""
