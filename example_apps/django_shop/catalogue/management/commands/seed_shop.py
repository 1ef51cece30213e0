"""Fill the database with something to look at."""

from __future__ import annotations

from typing import Any

from checkout.models import Order, Voucher
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from catalogue.models import Product

PRODUCTS = (
    # name, slug, description, price in cents, weight in grams
    ("Blue shoes", "blue-shoes", "Canvas shoes that survive a festival.", 5990, 900),
    ("Rain coat", "rain-coat", "Keeps you dry from Bergen to Brest.", 8900, 700),
    ("Tea pot", "tea-pot", "Four cups, one lid that stays on.", 2450, 1200),
    ("Wool hat", "wool-hat", "Knitted by a machine that means well.", 1995, 120),
)
# Shipping in cents; None is an order whose rate was never found out.
SHIPPING = (495, 495, None, 795)


class Command(BaseCommand):
    """Make a user, products, a voucher and orders; may be run again."""

    help = "Makes products, the voucher WELCOME10, a staff user and a few orders of that user."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="demo")
        parser.add_argument("--password", default="demo")
        parser.add_argument("--email", default="demo@shop.example")
        parser.add_argument("--first-name", default="Demo")
        parser.add_argument("--last-name", default="Customer")
        parser.add_argument("--address", default="Demo Street 1, 1000 Demo Town")

    @transaction.atomic
    def handle(self, *_: Any, **options: Any) -> None:
        for name, slug, description, price_cents, weight_g in PRODUCTS:
            Product.objects.update_or_create(
                slug=slug,
                defaults={
                    "name": name,
                    "description": description,
                    "price_cents": price_cents,
                    "weight_g": weight_g,
                },
            )
        Voucher.objects.update_or_create(code="WELCOME10", defaults={"percent": 10})

        user, created = get_user_model().objects.update_or_create(
            username=options["username"],
            defaults={
                "email": options["email"],
                "first_name": options["first_name"],
                "last_name": options["last_name"],
                "is_staff": True,
            },
        )
        user.set_password(options["password"])
        user.save()
        if created:
            product = Product.objects.get(slug="tea-pot")
            for shipping_cents in SHIPPING:
                Order.objects.create(
                    user=user,
                    product=product,
                    quantity=1,
                    name=user.get_full_name(),
                    email=user.email,
                    address=options["address"],
                    card_last_digits="4242",
                    total_cents=product.price_cents,
                    shipping_cents=shipping_cents,
                )
        self.stdout.write(
            f"{Product.objects.count()} products, {Order.objects.count()} orders; "
            f"log in as {user.username}."
        )
