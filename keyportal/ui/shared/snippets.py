"""The first request of a program: which key to use. The agent key comes from a variable."""

_CURL = """curl -s -X POST {url}/api/resolve/openai \\
  -H "Authorization: Bearer $KEYPORTAL_AGENT_KEY"
"""


def resolve_curl(url: str) -> str:
    return _CURL.format(url=url)
