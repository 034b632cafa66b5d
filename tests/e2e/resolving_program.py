"""A separate program, as a team would write one: asks the portal for a key and prints the answer."""

import json
import os
import sys
import urllib.error
import urllib.request


def main() -> None:
    request = urllib.request.Request(
        os.environ["KEYPORTAL_URL"] + "/api/resolve",
        data=json.dumps({"provider": sys.argv[1]}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['KEYPORTAL_AGENT_KEY']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
    except urllib.error.HTTPError as refusal:
        body = refusal.read()
    sys.stdout.write(body.decode())


if __name__ == "__main__":
    main()
