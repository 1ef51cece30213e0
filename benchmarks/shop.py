"""A little Django shop whose requests make the events of the benchmark.

Imported in a process of its own (see ``benchmarks.events``): it configures Django.
"""

from __future__ import annotations

import functools
import http.client
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import django
import sentry_sdk
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    LOGGING_CONFIG=None,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for the benchmark",
    USE_TZ=True,
)
django.setup()

logger = logging.getLogger("shop.orders")
warehouse: dict[str, Any] = {"port": 0}


class Product(models.Model):
    title: models.CharField[str, str] = models.CharField(max_length=100)
    price: models.DecimalField[Decimal, Decimal] = models.DecimalField(
        max_digits=8, decimal_places=2
    )
    in_stock: models.IntegerField[int, int] = models.IntegerField(default=3)

    class Meta:
        app_label = "shop"

    def __str__(self) -> str:
        return self.title


class Order(models.Model):
    product: models.ForeignKey[Product, Product] = models.ForeignKey(
        Product, on_delete=models.CASCADE
    )
    customer: models.EmailField[str, str] = models.EmailField()
    amount: models.IntegerField[int, int] = models.IntegerField()

    class Meta:
        app_label = "shop"

    def __str__(self) -> str:
        return f"order {self.pk}"


class OutOfStock(Exception):
    """More was ordered than there is."""


class Basket:
    """What a customer is about to buy."""

    def __init__(self, customer: str) -> None:
        self.customer = customer
        self.lines: list[tuple[Product, int]] = []

    def add(self, product: Product, amount: int) -> None:
        if amount < 1:
            raise ValueError("an amount must be positive")
        self.lines.append((product, amount))
        logger.info("%s added to the basket, %d line(s)", product, len(self.lines))

    def total(self) -> Decimal:
        return sum((product.price * amount for product, amount in self.lines), Decimal())


def logged(step: Callable[..., int]) -> Callable[..., int]:
    """Log each call of a step of the check-out."""

    @functools.wraps(step)
    def call(product: Product, amount: int, customer: str) -> int:
        logger.info("%s of %s for %s begins", step.__name__, product.title, customer)
        return step(product, amount, customer)

    return call


class Warehouse:
    """Speaks with the service that knows what lies on the shelves."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, product: Product, amount: int, customer: str) -> int:
        remote = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        remote.request("GET", f"/stock/{product.pk}?amount={amount}&contact={customer}")
        available = int(remote.getresponse().read())
        remote.close()
        self.compare(product, amount, available, customer)
        return available - amount

    @staticmethod
    def compare(product: Product, amount: int, available: int, customer: str) -> None:
        if available < amount:
            raise OutOfStock(
                f"{customer} wants {amount} of {product.title}, there are {available} in "
                f"/srv/warehouse/{product.title.lower()}/stock.json"
            )


@logged
def reserve(product: Product, amount: int, customer: str) -> int:
    """Keep an amount of a product aside."""
    return Warehouse(warehouse["port"]).ask(product, amount, customer)


def store(basket: Basket, product: Product, amount: int) -> Order:
    with transaction.atomic():
        order = Order.objects.create(product=product, customer=basket.customer, amount=amount)
        left = reserve(product, amount, basket.customer)
        Product.objects.filter(pk=product.pk).update(in_stock=left)
    return order


def check_out(basket: Basket) -> list[Order]:
    """Turn a basket into orders, all of them or none."""
    logger.info("check-out of %s from %s: %s", basket.customer, "203.0.113.77", basket.total())
    orders = []
    for product, amount in basket.lines:
        orders.append(store(basket, product, amount))
    return orders


def order(request: HttpRequest, pk: int, amount: int) -> HttpResponse:
    """Buy one of a product, and an amount of the next."""
    customer = request.GET["customer"]
    sentry_sdk.set_user({"id": "1042", "email": customer, "ip_address": "203.0.113.77"})
    sentry_sdk.set_tag("shop.region", "north")
    sentry_sdk.set_context("basket", {"currency": "EUR", "lines": 1, "voucher": "SPRING"})
    sentry_sdk.set_extra("category", "garden")
    basket = Basket(customer)
    basket.add(Product.objects.get(pk=pk), 1)
    basket.add(Product.objects.get(pk=pk + 1), amount)
    placed = check_out(basket)
    logger.info("placed %d order(s)", len(placed))
    return JsonResponse({"orders": [order.pk for order in placed]})


def catalogue(request: HttpRequest) -> HttpResponse:
    """List what there is, with how much of it was sold: a query for each product."""
    rows = []
    for product in Product.objects.order_by("title"):
        sold = Order.objects.filter(product=product).aggregate(models.Sum("amount"))
        rows.append({"title": product.title, "sold": sold["amount__sum"] or 0})
    logger.info("catalogue of %d products for %s", len(rows), request.GET.get("customer", "-"))
    return JsonResponse({"products": rows})


urlpatterns = [
    path("order/<int:pk>/<int:amount>/", order),
    path("catalogue/", catalogue),
]


def fill(titles: list[str]) -> None:
    """Create the tables and a product for each title."""
    with connection.schema_editor() as editor:
        editor.create_model(Product)
        editor.create_model(Order)
    for title in titles:
        Product.objects.create(title=title, price=Decimal("9.90"))


application = get_wsgi_application()
