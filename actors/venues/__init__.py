"""Markets as an account reaches them, behind the one `Venue` protocol."""
