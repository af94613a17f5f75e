"""Results in the forms that leave the product: readable tables, CSV, decks."""
