"""Credentials that give themselves away: keys, signed cookies, URL user info, vendors' tokens."""

from __future__ import annotations

from telemetry_core.filter.detectors.detector import Detector

_B64 = r"[A-Za-z0-9_-]"
_START = r"(?:(?<![A-Za-z0-9_])|(?<=/bot))"
# Behind an underscore, too: "key_sk-..."; not where what follows may hold underscores, and must end
# in something else, for that would not be linear.
_BEHIND_KEY = r"(?:(?<![A-Za-z0-9])|(?<=/bot))"
_WHOLE = frozenset(("jwt", "signed_cookie", "sendgrid_key"))

# Forms that give themselves away: (name, pattern, example). Sources: the vendors' documentation,
# as collected by GitHub's secret scanning patterns.
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
_FORMS = (
    ("jwt", rf"eyJ{_B64}{{8,}}+\.{_B64}{{4,}}+(?:\.{_B64}*+)?",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
    ("signed_cookie", rf"\.?e[Jy]{_B64}{{8,}}+[.:]{_B64}{{5,8}}[.:]{_B64}{{20,}}+",
     ".eJxVjDEOwjAMRe_iOUJx4thOR_Ze:1uBQfX:Qm9zaGlzaXRhbmRhdGhpbmdvZmJlYXV0eQ"),
    ("aws_key_id", r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}(?![A-Za-z0-9])",
     "AKIAIOSFODNN7EXAMPLE"),
    ("github_token", r"(?:gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{22,}+)",
     "ghp_" + "a1B2" * 9),
    ("gitlab_token", rf"gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas|ffct)-{_B64}{{16,}}+",
     "glpat-" + "a1B2c" * 4),
    ("slack_token", r"xox[abeoprs]-[A-Za-z0-9-]{8,}+|xapp-[A-Za-z0-9-]{8,}+",
     "xoxb-1234567890-abcdefABCDEF"),
    ("stripe_key", r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{10,}+",
     "sk_live_" + "a1B2c3" * 4),
    ("google_key",
     rf"AIza{_B64}{{30,}}+|ya29\.[A-Za-z0-9_.-]{{10,}}+|GOCSPX-{_B64}{{20,}}+|1//0{_B64}{{30,}}+",
     "AIza" + "Sy1Az" * 7),
    ("npm_token", r"npm_[A-Za-z0-9]{30,}+", "npm_" + "a1B2" * 9),
    ("pypi_token", rf"pypi-{_B64}{{16,}}+", "pypi-AgEIcHlwaS5vcmcC1234"),
    ("ai_key",
     _AI_KEY, "sk-" + "a1B2c3" * 8),
    ("sendgrid_key", rf"SG\.{_B64}{{16,}}+\.{_B64}{{16,}}+",
     "SG." + "a1B2c3d4" * 3 + "." + "a1B2c3d4" * 5),
    ("vendor_token",
     _VENDOR_TOKEN, "dop_v1_" + "a1b2c3d4" * 8),
    ("telegram_token", rf"[0-9]{{8,10}}:A[A-Za-z]{_B64}{{32,33}}(?![A-Za-z0-9_-])",
     "123456789:AA" + "a1B2c3d4e" * 3 + "a1B2c3"),
    ("twilio_key", r"(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])", "SK" + "a1b2c3d4" * 4),
)  # fmt: skip

_PREFIXES = (
    (
        r"e(?:yj|aace|[jy](?<=\.e.))|a(?:kia|sia|gpa|ida|roa|npa|iza|ge-s|tatt0x|c[0a-f]{16})"
        r"|xox|xapp-"
        r"|g(?:h[pousr]_|ithub_pat_|l[a-z]{2,5}-|lsa_|sk_|ocspx-)|[sr]k_|s(?:k[-0a-f]|g\."
        r"|hp[a-z]{2}_|ntr|q0)"
        r"|whsec_|ya00\.|n(?:pm_|rak-|fp_)|p(?:ypi-|mak-|k\.eyj)|hf_|hv[sb]\.|do[por]_v|dckr_"
        r"|lin_api_"
        r"|r(?:0_|ubygems_)|figd_|tskey-|key-|vercel_|0//0|0{8}:a"
    ),
)
"""One trigger for all forms: most long words hold none of these. By first letter, for speed."""

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
        pattern=r"://(?P<value>(?=[^\[@/])[^\s/?#\"'<>]*[^\s/?#\"'<>@])@",
        finds=("https://jane:pw@example.com/x", "redis://:pw@db:6379/0"),
        spares=("https://example.com/x", "https://example.com/@jane"),
    ),
    *(
        Detector(
            name=name,
            token="[SECRET]",
            traits=("long",),
            trigger=_PREFIXES,
            pattern=rf"{_START if name in _WHOLE else _BEHIND_KEY}(?P<value>{pattern})",
            finds=(example, f"x={example}&y"),
            spares=("0123456789abcdef0123456789abcdef",),
        )
        for name, pattern, example in _FORMS
    ),
)
