"""Applications to audit: ordinary ones, and ones with a deliberate hole."""
