"""Looks at an address with REDbot, prints what it thinks, and fails if it finds anything to be warned of."""

import sys
from configparser import ConfigParser

import thor
from httplint.note import levels
from redbot.resource import HttpResource

config = ConfigParser()
config.read_dict({"redbot": {"enable_local_access": "True"}})


def look(url):
    resource = HttpResource(config["redbot"])
    resource.set_request(url)

    @thor.events.on(resource)
    def check_done():
        thor.stop()

    resource.check()
    thor.run()
    return resource


bad = 0
resource = look(sys.argv[1])
response = resource.response
print(sys.argv[1], response.status_code)
if not response.complete:
    print("  it did not come whole:", resource.fetch_error)
    bad += 1
seen = [response] + [check.response for check in resource.subreqs.values()]
for note in (note for seen_one in seen for note in seen_one.notes):
    print(f"  {note.level.value}: {note.summary} ({note.subject})")
    bad += note.level in (levels.WARN, levels.BAD)
sys.exit(1 if bad else 0)
