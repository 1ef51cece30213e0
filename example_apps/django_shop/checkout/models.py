"""Orders and the vouchers that make them cheaper."""

from __future__ import annotations

import uuid

from catalogue.models import Product
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse


class Voucher(models.Model):
    """A code that takes some percent off."""

    code = models.CharField(max_length=40, unique=True)
    percent = models.PositiveSmallIntegerField(validators=[MaxValueValidator(100)])

    def __str__(self) -> str:
        return self.code


class Order(models.Model):
    """One product, ordered by one person."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="orders"
    )
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    name = models.CharField(max_length=100)
    email = models.EmailField()
    address = models.CharField(max_length=200)
    voucher = models.CharField(max_length=40, blank=True)
    card_last_digits = models.CharField(max_length=4)
    total_cents = models.PositiveIntegerField()
    shipping_cents = models.PositiveIntegerField(null=True)
    placed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    def get_absolute_url(self) -> str:
        return reverse("checkout:order", args=[self.reference, self.email])
