"""The checkout form, which the JSON API uses as well."""

from __future__ import annotations

from catalogue.models import Product
from django import forms

from checkout.models import Order


class OrderForm(forms.ModelForm):
    """Who orders what, where it goes and who pays."""

    product = forms.ModelChoiceField(Product.objects.all(), to_field_name="slug")
    card_number = forms.CharField(min_length=12, max_length=23)

    class Meta:
        model = Order
        fields = ("product", "quantity", "name", "email", "address", "voucher")
