"""Recorded depth as the background of a market in which bots have an impact that decays."""
