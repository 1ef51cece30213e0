"""Applications that hand everything they know of a visitor to the SDK, by every way there is."""
