"""Prints for each archive one line: every name with the checksum of its content, or why it cannot be read."""

import sys
import zipfile
import zlib


def escape(name):
    return "".join(c if 32 < ord(c) < 127 else f"<{ord(c):x}>" for c in name)


for path in sys.argv[1:]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
        print("".join(f"|{escape(name)}={zlib.crc32(content):08x}" for name, content in entries))
    except Exception as failure:
        print("!", repr(failure).replace("\n", " "))
