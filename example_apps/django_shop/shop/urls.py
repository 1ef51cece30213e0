"""The routes of the shop."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("catalogue.urls")),
    path("", include("checkout.urls")),
    path("accounts/", include("accounts.urls")),
]

handler500 = "shop.views.server_error"
