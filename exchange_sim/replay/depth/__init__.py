"""Replay of recorded depth and trades: own orders queue by a model, history does not react."""
