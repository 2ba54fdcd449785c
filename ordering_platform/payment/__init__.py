"""Bills, checkout, payments and the ways to pay."""
