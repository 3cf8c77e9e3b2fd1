"""Worlds: one market whose exchange, feeds, journal and accounts live in processes of their own."""
