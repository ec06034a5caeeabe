"""Steps that build the store, oldest first; each goes up and down."""
