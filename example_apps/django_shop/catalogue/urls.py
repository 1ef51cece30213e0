"""Routes of the catalogue."""

from __future__ import annotations

from django.urls import path

from catalogue import views

app_name = "catalogue"

urlpatterns = [
    path("", views.search, name="search"),
    path("products/<slug:slug>/", views.product, name="product"),
]
