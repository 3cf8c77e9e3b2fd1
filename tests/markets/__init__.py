"""Tests of market specifications, recorded bars and fundamental paths."""
