"""Gathers what a run has left on disk into the reports of `analytics.report`."""
