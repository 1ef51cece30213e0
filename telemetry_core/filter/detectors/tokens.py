"""Credentials that give themselves away: keys, signed cookies, URL user info, vendors' tokens."""

from __future__ import annotations

from telemetry_core.filter.detectors.detector import Detector

_B64 = r"[A-Za-z0-9_-]"
_START = r"(?:(?<![A-Za-z0-9_])|(?<=/bot))"
# Behind an underscore, too: "key_sk-..."; not where what follows may hold underscores, and must end
# in something else, for that would not be linear.
_BEHIND_KEY = r"(?:(?<![A-Za-z0-9])|(?<=/bot))"
_WHOLE = frozenset(("jwt", "signed_cookie", "sendgrid_key"))

# Forms that give themselves away: (name, trigger, pattern, example). Sources: the vendors'
# documentation, as collected by GitHub's secret scanning patterns.
_AI_KEY = (
    rf"sk-(?:ant-|proj-|svcacct-|or-|lf-)?{_B64}{{20,}}+|hf_[A-Za-z0-9]{{20,}}+"
    r"|r8_[A-Za-z0-9]{30,}+|gsk_[A-Za-z0-9]{30,}+"
)
_VENDOR_TOKEN = (
    r"(?:do[por]_v1_|shp(?:at|ca|pa|ss)_|sntry[su]_|lin_api_|rubygems_|dckr_pat_|figd_|PMAK-"
    r"|hv[sb]\.|EAACEdEose0cBA|NRAK-|glsa_|tskey-|pk\.eyJ|sq0[a-z]{3}-|AGE-SECRET-KEY-1"
    r"|key-(?=[0-9a-f]{32})|nfp_|vercel_|ATATT3x)"
    r"[A-Za-z0-9_=-]{8}(?:[A-Za-z0-9_=-]|\.(?=[A-Za-z0-9_=-]))++"
)
_VENDORS = (
    r"do[por]_v0_|shp[a-z]{2}_|sntry|lin_api_|rubygems_|dckr_pat_|figd_|pmak-|hv[sb]\.|eaace|nrak-"
    r"|glsa_|tskey-|pk\.eyj|sq0|age-s|key-|nfp_|vercel_|atatt0x"
)
_FORMS = (
    ("jwt", ("eyj",),
     rf"eyJ{_B64}{{8,}}+\.(?:{_B64}{{4,}}+(?:\.{_B64}++){{0,3}}+|(?:\.{_B64}++){{3}})",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
    ("signed_cookie", ("eyj", r"\.e[jy]"),
     rf"\.?e[Jy]{_B64}{{8,}}+[.:]{_B64}{{5,8}}[.:]{_B64}{{20,}}+",
     ".eJxVjDEOwjAMRe_iOUJx4thOR_Ze:1uBQfX:Qm9zaGlzaXRhbmRhdGhpbmdvZmJlYXV0eQ"),
    ("aws_key_id", ("a(?:kia|sia|gpa|ida|roa|npa)",),
     r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}(?![A-Za-z0-9])",
     "AKIAIOSFODNN7EXAMPLE"),
    ("github_token", ("gh[pousr]_", "github_pat_"),
     r"(?:gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{22,}+)",
     "ghp_" + "a1B2" * 9),
    ("gitlab_token", ("gl[a-z]{2,5}-",),
     rf"gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas|ffct)-{_B64}{{16,}}+",
     "glpat-" + "a1B2c" * 4),
    ("slack_token", ("xox", "xapp-"),
     r"xox[abeoprs]-[A-Za-z0-9-]{8,}+|xapp-[A-Za-z0-9-]{8,}+",
     "xoxb-1234567890-abcdefABCDEF"),
    ("stripe_key", ("[sr]k_", "whsec_"),
     r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{10,}+",
     "sk_live_" + "a1B2c3" * 4),
    ("google_key", ("aiza", r"ya00\.", "gocspx-", "0//0"),
     rf"AIza{_B64}{{30,}}+|ya29\.[A-Za-z0-9_.-]{{10,}}+|GOCSPX-{_B64}{{20,}}+|1//0{_B64}{{30,}}+",
     "AIza" + "Sy1Az" * 7),
    ("npm_token", ("npm_",), r"npm_[A-Za-z0-9]{30,}+", "npm_" + "a1B2" * 9),
    ("pypi_token", ("pypi-",), rf"pypi-{_B64}{{16,}}+", "pypi-AgEIcHlwaS5vcmcC1234"),
    ("ai_key", ("sk-", "hf_", "r0_", "gsk_"), _AI_KEY, "sk-" + "a1B2c3" * 8),
    ("sendgrid_key", (r"sg\.",), rf"SG\.{_B64}{{16,}}+\.{_B64}{{16,}}+",
     "SG." + "a1B2c3d4" * 3 + "." + "a1B2c3d4" * 5),
    ("vendor_token", (_VENDORS,), _VENDOR_TOKEN, "dop_v1_" + "a1b2c3d4" * 8),
    ("telegram_token", ("00000000:a",),
     rf"[0-9]{{8,10}}:A[A-Za-z]{_B64}{{32,33}}(?![A-Za-z0-9_-])",
     "123456789:AA" + "a1B2c3d4e" * 3 + "a1B2c3"),
    ("twilio_key", ("(?:sk|ac)[0a-f]{32}",), r"(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])",
     "SK" + "a1b2c3d4" * 4),
)  # fmt: skip

DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="pem_key",
        token="[SECRET]",
        traits=("dashed",),
        trigger=("-----begin",),
        pattern=(
            r"(?P<value>-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|CERTIFICATE)(?: BLOCK)?-----"
            r"[^-]*+(?:-----END [A-Z0-9 ]{0,60}-----)?)"
        ),
        finds=("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",),
        spares=("-----BEGIN-----",),
    ),
    Detector(
        name="url_user_info",
        token="[SECRET]",
        traits=("at",),
        trigger=("://[^/ ]*@",),
        pattern=(
            r"://(?P<value>(?=[^\[@/])(?:[^\s/?#\"'<>]*[^\s/?#\"'<>@]"
            # Credentials as they were typed, not encoded as they should be.
            r"|[\w.%-]{0,64}:(?![0-9]{1,5}[?#])[^\s/\"'<>@]{1,128}))@(?=[\w\[])"
        ),
        finds=("https://jane:pw@example.com/x", "redis://:pw@db:6379/0"),
        spares=("https://example.com/x", "https://example.com/@jane"),
    ),
    *(
        Detector(
            name=name,
            token="[SECRET]",
            traits=("long",),
            trigger=trigger,
            pattern=rf"{_START if name in _WHOLE else _BEHIND_KEY}(?P<value>{pattern})",
            finds=(example, f"x={example}&y"),
            spares=("0123456789abcdef0123456789abcdef",),
        )
        for name, trigger, pattern, example in _FORMS
    ),
)
