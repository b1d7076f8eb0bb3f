"""Pictures of models and trainings."""
