"""One training, or many at once: models, recipes, the loop, groups and the planner."""
