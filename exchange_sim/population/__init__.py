"""Who trades in the background: species, their parameters, and named mixes of them."""
