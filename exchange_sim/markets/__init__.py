"""Where a market's prices come from: specifications, recorded bars and fundamental paths."""
