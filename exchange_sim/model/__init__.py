"""The market's vocabulary: instruments, commands, events, market data and their codec."""
