"""What the shop sells."""

from __future__ import annotations

from django.db import models
from django.urls import reverse


class Product(models.Model):
    """One thing that can be ordered."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(unique=True)
    description = models.TextField()
    price_cents = models.PositiveIntegerField()
    weight_g = models.PositiveIntegerField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalogue:product", args=[self.slug])
