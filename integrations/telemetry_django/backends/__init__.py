"""Django's own backends with what they do in sampled requests as spans; to be named in settings.

Django tells nobody when it renders a template or asks a cache, and this package patches nothing.
"""
