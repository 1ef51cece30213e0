"""Pages for those who are logged in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class EmptyStatement(Exception):
    """A statement with nothing in it."""


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show the user's own data and orders."""
    return render(request, "accounts/profile.html", {"orders": request.user.orders.all()})


@login_required
def statement(request: HttpRequest) -> HttpResponse:
    """Show what the user spent in the ``year`` of the query string."""
    year = request.GET.get("year", "")
    # Bug: a year that isn't a number, or in which nothing was bought.
    orders = request.user.orders.filter(placed_at__year=int(year))
    if not orders:
        raise EmptyStatement(
            f"{request.user.get_full_name()} ({request.user.email}) bought nothing in {year}"
        )
    total_cents = sum(order.total_cents for order in orders)
    return render(request, "accounts/statement.html", {"year": year, "total_cents": total_cents})
