"""Trains, scores and exports the networks that Acuity ships."""
