"""Order-by-order recordings (L3): every message becomes a command to the matching engine."""
