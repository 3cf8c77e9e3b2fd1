"""Recorded markets: readers of what venues published, and feeds that play it back."""
