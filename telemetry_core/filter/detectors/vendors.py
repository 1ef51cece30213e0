"""Credentials that begin with a service's prefix, and go on as no name in code does.

Sources: the vendors' documentation, as collected by GitHub's secret scanning patterns and gitleaks.
"""

from __future__ import annotations

import re

from telemetry_core.filter.detectors.detector import Detector

_HEX = r"[0-9a-f]{30,128}+(?:[_-][0-9A-Za-z]{1,16}+)?"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A capital and a digit tell a key from a name in code that begins like it.
_MIXED = (
    r"(?=[a-z0-9_=.+/-]{0,60}[A-Z])(?=[A-Za-z_=.+/-]{0,60}[0-9])"
    r"(?:[A-Za-z0-9_=+/~-]|\.(?=[A-Za-z0-9])){14,}+"
)

# What a key begins with, service by service, and what follows.
_KEYS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        (
            "sbp_", "pul-", "squ_", "sqp_", "sqa_", "bkua_", "shippo_live_", "shippo_test_",
            "lsv2_pt_", "lsv2_sk_", "rdme_", "CLOJARS_", "v1.", "live_", "test_", "live_pub_",
            "test_pub_", "fc-", "FLWSECK-", "FLWSECK_TEST-", "sk_", "waka_",
        ),
        _HEX,
    ),
    (("xkeysib-", "xsmtpsib-"), "[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    (
        (
            "sdk-", "mob-", "HRKU-", "access-production-", "access-sandbox-",
            "access-development-", "pat-na1-", "pat-eu1-", "waka_",
        ),
        _UUID,
    ),
    (
        (
            "pplx-", "xai-", "pcsk_", "CCIPAT_", "CCIPRJ_", "CFPAT-", "tfp_", "phx_", "ntn_",
            "secret_", "re_", "rzp_live_", "rzp_test_", "aio_", "glc_",
            "snyk_uat.", "snyk_sat.", "dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.",
            "dp.audit.", "dt0c01.", "dt0s01.", "dt0s16.", "pscale_tkn_", "pscale_pw_",
            "pscale_oauth_", "sb_secret_", "fm1_", "fm2_", "napi_", "rnd_", "nvapi-", "tvly-",
            "e2b_", "jina_", "lin_oauth_", "mlsn.", "tgp_v1_", "rpa_", "sgp_", "pnu_", "ops_",
            "vcp_", "vci_", "vca_", "vcr_", "vck_", "HRKU-", "key_", "fw_", "sl.", "ghe_", "NRII-",
            "NRRA-", "sk.", "pk.", "y0_", "vk1.a.", "mdb_sa_sk_", "wandb_v1_", "atlasv1.",
        ),
        _MIXED,
    ),
)  # fmt: skip
# Those that nothing divides from what follows.
_UNDIVIDED = (
    r"EZ[AT]K[A-Za-z0-9]{50,64}+|AKCp[A-Za-z0-9]{60,90}+|gAAAAA[A-Za-z0-9_=-]{50,}+"
    r"|ATBB[A-Za-z0-9]{24,40}+|EAA[A-Za-z](?=[a-z_-]{0,60}[A-Z0-9])[A-Za-z0-9_-]{50,}+"
    r"|dapi[0-9a-f]{32}(?:-[0-9])?|cio[A-Za-z0-9]{32}|oy2[a-z0-9]{43}"
    r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|[0-9a-f]{32}-us[0-9]{1,2}|[MNO][A-Za-z0-9_-]{23,26}"
    r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}+|[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}+"
    r"|1/[0-9]{16}:[0-9a-f]{32}"
)
_UNDIVIDED_SHAPES = (
    r"ez[at]k[a-z0]{50}|akcp[a-z0]{60}|gaaaaa|atbb[a-z0]{24}|eaa[a-z0_-]{51}|dapi[0a-f]{32}"
    r"|cio[a-z0]{32}|oy0[a-z0]{43}|pat[a-z0]{14}\.|[0a-f]-us0|\.[a-z0_-]{6}\.[a-z0_-]{27}"
    r"|0q~[a-z0_~.-]{31}|0:[0a-f]{32}"
)
_WEBHOOK = (
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks"
    r"|webhook\.office\.com/webhookb2|hooks\.zapier\.com/hooks/catch|outlook\.office\.com/webhook)/"
)


def _shape_of_end(prefix: str) -> str:
    return re.escape(re.sub("[0-9]", "0", prefix.lower())[-3:])


def _any_of(texts: tuple[str, ...]) -> str:
    return "|".join(re.escape(text) for text in sorted(texts))


_ENDS = sorted({_shape_of_end(prefix) for prefixes, _ in _KEYS for prefix in prefixes})

DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="service_key",
        token="[SECRET]",
        traits=("long",),
        trigger=(rf"[_.-](?<={'|'.join(_ENDS)})[a-z0_-]", _UNDIVIDED_SHAPES),
        pattern=(
            r"(?<![A-Za-z0-9])(?P<value>"
            + "|".join(f"(?:{_any_of(prefixes)}){rest}" for prefixes, rest in _KEYS)
            + rf"|{_UNDIVIDED})(?![A-Za-z0-9])"
        ),
        finds=(
            "sbp_" + "a1b2c3d4" * 5,
            "sdk-01234567-89ab-cdef-0123-456789abcdef",
            "x=pplx-" + "a1B2c3d4" * 6 + "&y",
            "EZAK" + "a1B2c3d4e" * 6,
        ),
        spares=(
            "key_connection_pool_manager_2_with_a_name",
            "test_that_it_holds_in_both_2_and_3",
            "sdk-version-2026-with-a-long-name",
        ),
    ),
    Detector(
        name="webhook_url",
        token="[SECRET]",
        traits=("long",),
        trigger=(r"\.com/[a-z0/]{0,16}(?:hook|services|workflows|triggers)",),
        pattern=rf"{_WEBHOOK}(?P<value>[A-Za-z0-9@_-][A-Za-z0-9/@_-]{{15,}}+)",
        finds=("https://hooks.slack.com/services/T01234567/B01234567/a1B2c3D4e5F6g7H8i9J0k1L2",),
        spares=(
            "https://hooks.slack.com/services/",
            "https://example.com/services/a1B2c3D4e5F6g7H8",
        ),
    ),
)
