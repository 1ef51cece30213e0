"""A Django project whose views do to a database what an audit has to take back."""
