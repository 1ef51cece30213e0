"""Routes of the checkout."""

from __future__ import annotations

from django.urls import path

from checkout import views

app_name = "checkout"

urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("orders/export.csv", views.export_orders, name="export"),
    path("orders/<uuid:reference>/<str:email>/", views.order, name="order"),
    path("orders/<uuid:reference>/<str:email>/invoice/", views.invoice, name="invoice"),
    path("api/orders/", views.api_orders, name="api_orders"),
    path("api/delivery/", views.api_delivery, name="api_delivery"),
]
