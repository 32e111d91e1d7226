"""Reads a mirror as the reference client of TUF does, over HTTP.

    python_tuf.py MIRROR PATH...

MIRROR is a folder with the site and `.colport/metadata`. Each PATH is downloaded, verified and compared with the file.
"""

import functools
import http.server
import pathlib
import sys
import tempfile
import threading

from tuf.ngclient import Updater, UpdaterConfig


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


mirror, paths = pathlib.Path(sys.argv[1]), sys.argv[2:]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=mirror))
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
root = (mirror / ".colport/metadata/1.root.json").read_bytes()

with tempfile.TemporaryDirectory() as metadata, tempfile.TemporaryDirectory() as targets:
    config = UpdaterConfig(prefix_targets_with_hash=False)
    updater = Updater(
        metadata, url + ".colport/metadata/", targets, url, config=config, bootstrap=root
    )
    updater.refresh()
    for path in paths:
        info = updater.get_targetinfo(path)
        assert info is not None, f"{path} is not found"
        got = pathlib.Path(updater.download_target(info)).read_bytes()
        assert got == (mirror / path).read_bytes(), f"{path} differs"
    assert updater.get_targetinfo("be/2026/11/nowhere/index.html") is None
print("ok", len(paths))
