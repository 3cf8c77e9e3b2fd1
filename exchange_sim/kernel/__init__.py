"""The event kernel: time, arrival order, background agents and what the market publishes."""
