"""Which keys may leave: the allowlist, a project's globs, and the blocklist of credentials."""

from __future__ import annotations

import pytest

from telemetry_core.filter.keys import ALLOWED, KeyRules, is_sensitive

pytestmark = pytest.mark.pure

RULES = KeyRules()


@pytest.mark.parametrize(
    "key",
    [
     "event_type", "duration_ms", "session_id", "http.request.method", "http.route", "db.system",
     "code.function.name",
     "sentry.op", "HTTP.Route", "gen_ai.usage.input_tokens", "gen_ai.request.max_tokens",
     "thread.name"],
)  # fmt: skip
def test_conventional_keys_are_allowed(key: str) -> None:
    """The seed's keys and the non-personal ones of the conventions, in any case."""
    assert RULES.allows(key)


@pytest.mark.parametrize(
    "key",
    [
        "email",
        "user.name",
        "url.query",
        "client.address",
        "customer",
        "",
        "http.request.header.cookie",
    ],
)
def test_other_keys_are_not_allowed(key: str) -> None:
    """What no table and no setting names stays."""
    assert not RULES.allows(key)


@pytest.mark.parametrize(
    "key",
    [
     "password", "PASSWORD", "userPassword", "user_pwd", "db-passwd", "secret", "clientSecret",
     "token", "access_token",
     "accessToken", "ACCESS-TOKEN", "accesstoken", "x.api.key", "X-Api-Key", "apikey", "apiKey",
     "auth", "x-auth", "OAuth2",
     "Authorization", "credential", "awsCredentials", "private_key", "privateKey", "sessionid",
     "sessionId", "PHPSESSID",
     "session_key", "cookie", "Set-Cookie", "csrf", "csrfmiddlewaretoken", "X-CSRFToken", "xsrf",
     "jwt", "bearer", "tokens"],
)  # fmt: skip
def test_a_credential_is_never_allowed(key: str) -> None:
    """However it is spelt, and whatever the settings say."""
    assert is_sensitive(key)
    assert not KeyRules(allow=["*", key]).allows(key)


@pytest.mark.parametrize(
    "key",
    [
     "author", "authority", "coauthors", "tokenizer", "keyboard", "monkey", "key_count",
     "max_tokens", "input_tokens",
     "total_tokens", "token_count", "code.function.name", "passenger", "compass", "bypass",
     "session_id", "spin", "design",
     "signal", "pinned", "secondary"],
)  # fmt: skip
def test_words_that_hold_a_credential_by_chance_can_be_allowed(key: str) -> None:
    """``author`` holds ``auth``, and is none."""
    assert not is_sensitive(key)
    assert KeyRules(allow=[key]).allows(key)


def test_globs_extend_and_cut_the_allowlist() -> None:
    """``allow`` adds, ``deny`` wins over it and over the table; the blocklist wins over all."""
    rules = KeyRules(allow=["shop.*", "cart_?"], deny=["shop.customer*", "Level"])
    assert rules.allows("shop.items")
    assert rules.allows("cart_7")
    assert not rules.allows("cart_77")
    assert not rules.allows("shop.customer_name")
    assert not rules.allows("level")
    assert not rules.allows("shop.token")


def test_no_allowed_key_is_sensitive() -> None:
    """An entry of the table that the blocklist overrules would be a promise not kept."""
    assert [key for key in ALLOWED if is_sensitive(key.replace("*", "x"))] == []


def test_many_keys_do_not_pile_up() -> None:
    """Keys made from ids can't fill the memory."""
    rules = KeyRules()
    for number in range(20_000):
        rules.allows(f"key{number}")
    assert len(rules._known) <= 4096
