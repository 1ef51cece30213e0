"""File paths: everything above the file name is cut out, or `[PATH]` where no file name is."""

from __future__ import annotations

from telemetry_core.filter.detectors.detector import Detector

_SEGMENT = r"[^\s/\\\"'`<>|:;,*?()\[\]{}=&#$\u00bb\u201c\u201d\u300d\u300f]"
_MARKS = r"[.\-+@!%~^_]"
# What a name goes on with: a typographic quote or a letter of another script ends an extension.
_GOES_ON = r"(?:[A-Za-z0-9.\-+@!~^_/\\]|%[0-9A-Fa-f]{2})"
_ROOT = (
    r"(?:home|Users|root|var|srv|opt|tmp|mnt|media|usr|etc|data|app|apps|code|src|workspace"
    r"|workspaces"
    r"|work|project|projects|private|Volumes|Library|Applications|System|run|proc|sys|dev|boot"
    r"|lib|lib[0-9][0-9]"
    r"|bin|sbin|snap|nix|storage|sdcard|export|builds|github|code|www|site|sites|volume[0-9]|c|d)"
)
# A folder of a home directory: "Jane Doe" is one folder when a separator follows.
_SPACED = rf"{_SEGMENT}++(?: (?!/){_SEGMENT}++){{0,3}}"
# Elsewhere only names are: "Jane Miller", "Program Files".
_NAMED = (
    rf"(?:(?=[A-Z\x80-\U0010ffff]){_SEGMENT}++"
    rf"(?: (?=[A-Z](?:[a-z\x80-\U0010ffff]|[ .]?[/\s])|[^\x00-\x7f])(?!/){_SEGMENT}++){{1,3}}+(?=/)"
    rf"|{_SEGMENT}++)"
)
_NAME_CHARACTER = r"[^\s/\\\"'`<>|:;,*?()\[\]{}=&#$.\u00bb\u201c\u201d\u300d\u300f]"
_NAME = rf"{_NAME_CHARACTER}++(?:\.+{_NAME_CHARACTER}++)*+"
_WIN = r"[^\\/:*?\"<>|\n\r\t]"
_WIN_NAME = r"[^\\/:*?\"'<>|\s]"
_DRIVE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
_DRIVE_SHAPE = r":[/\\](?<=[a-z]:.)(?:(?<![0a-z][a-z]:.)|(?<=\\[nrt][a-z]:.))"
_SEPARATOR = r"(?:\\{1,32}|/)"


DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="path_windows_home",
        token="[PATH]",
        raw=True,
        traits=("encoded", "path"),
        trigger=(_DRIVE_SHAPE,),
        pattern=(
            rf"{_DRIVE}(?P<value>[A-Za-z]:[\\/]{{1,32}}(?i:users|documents and "
            r"settings)[\\/]{1,32}"
            rf"(?:(?:{_WIN_NAME}++(?: {_WIN_NAME}++){{0,3}}+)(?=\\{{0,32}}[\"'])|{_NAME}))"
            rf"{_SEPARATOR}?+(?!\.*+[^\s\"'`<>|:*?,;)\]}}&=#.\u00bb\u201c\u201d\u300d\u300f])"
            rf"(?! {_WIN_NAME}{{1,64}}+[\\/])"
        ),
        finds=(r"C:\Users\jane", r"'C:\\Users\\jane\\'", r'"C:\Users\Jane Doe"'),
        spares=(r"C:\temp", "c:/x"),
    ),
    Detector(
        name="path_windows",
        token="",
        raw=True,
        traits=("encoded", "path"),
        trigger=(_DRIVE_SHAPE,),
        pattern=(
            rf"{_DRIVE}(?P<value>(?i:file:/{{1,3}})?[A-Za-z]:(?:\\{{1,32}}|/(?!/))"
            rf"(?:{_WIN}{{1,128}}{_SEPARATOR}(?=[^\\/:*?\"<>|\s]))+)"
        ),
        finds=(r"C:\Users\Jane Doe\notes.txt", "D:/projects/jane/x.py", r"'C:\\Users\\jane\\x.py'"),
        spares=("http://host/x/y", "a: b/c"),
    ),
    Detector(
        name="path_unc",
        token="",
        raw=True,
        traits=("encoded",),
        trigger=(r"\\\\",),
        pattern=(
            r"(?:(?<![\\A-Za-z0-9)\]}])|(?<=\\[nrt]))(?P<value>\\{2,64}(?!u[0-9A-Fa-f]{4}"
            r"|x[0-9A-Fa-f]{2})(?:\?\\{1,32}UNC\\{1,32})?[A-Za-z][\w.$-]{1,62}"
            # Folders one by one, each with the separator that follows: no two ways to read them.
            rf"(?:\\{{1,32}}+{_WIN}{{1,128}}+(?=\\{{1,32}}+[^\\/:*?\"<>|\s])){{0,16}}+\\{{1,32}}+)"
            r"(?=[^\\/:*?\"<>|\s]{2})"
        ),
        finds=(r"\\server\share\jane\notes.txt", r"\\\\\\\\nas\\\\jane\\\\x.txt"),
        spares=(r"\\d+", r"'\\n'"),
    ),
    Detector(
        name="path_file_url",
        token="",
        traits=("path",),
        # A URL with no host is of a path, too: a database's, a socket's.
        trigger=("(?:file|smb|cifs|afp|nfs|sftp|scp):/", ":///"),
        pattern=(
            rf"(?P<value>(?i:file|smb|cifs|afp|nfs|sftp|scp):/{{1,4}}(?:{_NAMED}/(?={_SEGMENT}))*+"
            rf"|(?<=[A-Za-z0-9]:///)(?:/|{_ROOT}/)(?:{_NAMED}/(?={_SEGMENT}))*+)(?={_SEGMENT})"
        ),
        finds=(
            "file:///home/jane/x.txt",
            "file:///home/Jane%20Doe/.ssh/id_rsa",
            "file://server/share/x.txt",
            "smb://nas/jane/x.mkv",
            "sqlite:////acme/jane/notes.db",
            "unix:///var/run/jane/app.sock",
        ),
        spares=("profile: /x", "sqlite:///notes.db", "sqlite:///instance/notes.db", "sqlite://"),
    ),
    Detector(
        name="path_user",
        token="",
        traits=("tilde",),
        pattern=rf"(?<![A-Za-z0-9~])(?P<value>~(?:[^\W\d]{_SEGMENT}{{0,63}}+)?/(?:{_NAMED}/(?={_SEGMENT}))*+)(?={_SEGMENT})",
        finds=("~jane/docs/x.txt", "key_~राजन/docs/x.txt", "~łukasz/x", "~/.ssh/id_rsa"),
        spares=("~x", "a ~ b"),
    ),
    Detector(
        name="path_variable",
        token="",
        raw=True,
        traits=("encoded", "dollar"),
        trigger=(
            r"[$%]\{?(?:home|userprofile|homepath|appdata|localappdata|temp|tmp|tmpdir|public)",
        ),
        pattern=(
            r"(?P<value>(?:\$(?:HOME|TMPDIR)|\$\{(?:HOME|TMPDIR)\}|%(?i:userprofile|homepath"
            r"|(?:local)?appdata|temp|tmp|public)%)[\\/]{1,32}+"
            rf"(?:{_WIN_NAME}{{1,128}}+[\\/]{{1,32}}+(?={_WIN_NAME})){{0,32}}+)(?={_WIN_NAME})"
        ),
        finds=("$HOME/jane/x.txt", r"%USERPROFILE%\jane\x.txt", "${HOME}/x.txt"),
        spares=("$HOME", "%TEMP% is full"),
    ),
    Detector(
        name="path_home",
        token="[PATH]",
        traits=("path",),
        trigger=("/home/", "/users/"),
        pattern=(
            rf"(?<![A-Za-z0-9_/])(?P<value>(?:/(?:export|var|usr|mnt|private))?/(?:home|HOME|Users|USERS)/"
            rf"(?:(?:(?<=[\"'`]/home/)|(?<=[\"'`]/Users/))[^\"'`\n/]{{1,64}}+(?=[\"'`])"
            rf"|{_NAME}/?+(?!\.*+{_SEGMENT})(?! (?!/){_SEGMENT}++/)))"
        ),
        finds=("/home/jane", "in /Users/jane/", "HOME=/home/jane;", "'/home/jane doe'"),
        spares=("/api/users/", "/home/"),
    ),
    Detector(
        name="path_in_url",
        token="",
        traits=("path",),
        trigger=("/home/", "/users/"),
        # The only folders that name a person by their place, in a URL as elsewhere.
        pattern=(
            rf"(?<=[\w:.\]])/(?P<value>(?:home|HOME|Users|USERS)/(?:{_SEGMENT}++/(?={_SEGMENT}))++)"
            rf"(?={_SEGMENT}*?\.[A-Za-z][A-Za-z0-9]{{0,9}}\.?(?!{_GOES_ON}))"
        ),
        finds=("https://example.com/home/jane/x.txt",),
        spares=("https://example.com/home/about", "https://example.com/static/app/x.js"),
    ),
    Detector(
        name="path_quoted",
        token="",
        traits=("path",),
        trigger=("[\"'`]/",),
        pattern=(
            rf"(?<=[\"'`])(?P<value>/{_ROOT}/(?:[^\"'`\n/]{{1,255}}/(?=[^\"'`\n/]))*+)"
            rf"(?=[^\"'`\n/]{{1,255}}[\"'`\\])"
        ),
        finds=('File "/home/jane doe/my app/views.py", line 3', "'/opt/My App/x y.cfg'"),
        spares=("'/api/v1/users'", '"/"'),
    ),
    Detector(
        name="path_rooted",
        token="",
        traits=("path",),
        trigger=(r"/(?<![0a-z]/)",),
        pattern=(
            rf"(?:(?<![A-Za-z0-9/])(?<!{_MARKS}){_MARKS}*+|(?<=[A-Za-z0-9#][/_!^-]))(?P<value>"
            rf"(?:/(?:export|var|usr|mnt|private))?/(?:home|HOME|Users|USERS)/(?:{_SPACED}/(?={_SEGMENT}))++"
            rf"|/(?!home/|Users/|HOME/|USERS/){_ROOT}/(?:{_NAMED}/(?={_SEGMENT}))*+)(?={_SEGMENT})"
        ),
        finds=(
            "open /etc/passwd",
            "/mnt/share/Jane Doe/x.jpg",
            "file_/srv/jane/x",
            "https://example.com/get/%2Fsrv%2Fjane%2Fx",
            "/var/log/jane/app.log:12",
            "(/tmp/x.txt)",
        ),
        spares=(
            "/api/orders/<id>/",
            "and/or",
            "text/html",
            "/api/v1/users",
            "/api/Some Words/x",
        ),
    ),
    Detector(
        name="path_file",
        token="",
        traits=("path",),
        trigger=(r"/(?<![0a-z]/)",),
        pattern=(
            rf"(?<![A-Za-z0-9/])(?<!{_MARKS}){_MARKS}*?"
            rf"(?P<value>(?:\.{{1,2}}(?=/))?/(?:{_SEGMENT}++/(?={_SEGMENT}))++)"
            rf"(?={_SEGMENT}*?\.[A-Za-z][A-Za-z0-9]{{0,9}}(?:!|\.{{1,3}})?(?!{_GOES_ON}))"
        ),
        finds=("/acme/static/x.css", "../jane/x.css", "see /jane/notes.txt."),
        spares=("/static/", "https://example.com/static/x.css", "/orders/7/edit"),
    ),
)
